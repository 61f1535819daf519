// SPDX-License-Identifier: Apache-2.0

import java.util.ArrayList;
import java.util.List;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.tokenattributes.CharTermAttribute;
import org.apache.lucene.analysis.tokenattributes.PositionIncrementAttribute;

/**
 * Prepared text as words and bigrams with positions, as peer_next in bench/peers/peer.c, but
 * without ends of runs: what CJKBigramFilter gives, with a position for each break.
 */
final class Bigrams extends TokenStream {
  private final CharTermAttribute term = addAttribute(CharTermAttribute.class);
  private final PositionIncrementAttribute increment =
      addAttribute(PositionIncrementAttribute.class);
  private String text = "";
  private int next;
  private boolean inRun; // `next` is the second character of a bigram already given

  Bigrams of(String text) {
    this.text = text;
    return this;
  }

  @Override
  public void reset() {
    next = 0;
    inRun = false;
  }

  static boolean isCjk(int c) {
    return c >= 0x2e80 && c <= 0x9fff && c != '。'
        || c >= 0x1100 && c <= 0x11ff
        || c >= 0xa960 && c <= 0xa97f
        || c >= 0xac00 && c <= 0xd7ff
        || c >= 0xf900 && c <= 0xfaff
        || c >= 0x1aff0 && c <= 0x1b2ff
        || c >= 0x20000;
  }

  static boolean isWordPart(int c) {
    return c != ' ' && c != '。' && !isCjk(c);
  }

  private boolean give(int end, int step) {
    clearAttributes();
    term.append(text, next, end);
    increment.setPositionIncrement(step);
    return true;
  }

  @Override
  public boolean incrementToken() {
    for (int step = 1; next < text.length(); ) {
      int first = text.codePointAt(next);
      int behind = next + Character.charCount(first);
      if (first == ' ' || first == '。') {
        step += first == '。' ? 1 : 0;
        next = behind;
      } else if (isWordPart(first)) {
        int end = behind;
        while (end < text.length() && isWordPart(text.codePointAt(end))) {
          end += Character.charCount(text.codePointAt(end));
        }
        give(end, step);
        next = end;
        return true;
      } else {
        boolean wasInRun = inRun;
        int second = behind < text.length() ? text.codePointAt(behind) : ' ';
        inRun = isCjk(second);
        if (wasInRun && !inRun) {
          step++;
          next = behind;
          continue;
        }
        give(inRun ? behind + Character.charCount(second) : behind, step);
        next = behind;
        return true;
      }
    }
    return false;
  }

  /** The terms of a phrase without breaks, or of a question. */
  static List<String> tokensOf(String text) {
    List<String> tokens = new ArrayList<>();
    Bigrams stream = new Bigrams().of(text);
    stream.reset();
    while (stream.incrementToken()) {
      tokens.add(stream.term.toString());
    }
    return tokens;
  }
}
