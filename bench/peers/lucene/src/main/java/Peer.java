// SPDX-License-Identifier: Apache-2.0

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.stream.Stream;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.FieldType;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexOptions;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.SerialMergeScheduler;
import org.apache.lucene.index.Term;
import org.apache.lucene.queries.spans.SpanNearQuery;
import org.apache.lucene.queries.spans.SpanQuery;
import org.apache.lucene.queries.spans.SpanTermQuery;
import org.apache.lucene.search.BooleanClause;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.PhraseQuery;
import org.apache.lucene.search.PrefixQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.search.TopDocs;
import org.apache.lucene.search.TopScoreDocCollectorManager;
import org.apache.lucene.store.MMapDirectory;
import org.apache.lucene.util.Version;

/**
 * Lucene beside gsearch: arguments and output as in bench/peers/peer.h. One segment, mapped,
 * frequencies and positions, nothing stored, BM25, no query cache. Before anything is measured all
 * queries are asked for {@link #WARM_SECONDS} so that the compiler has done its work.
 */
public final class Peer {
  private static final String TEXT = "text";
  private static final double MEMORY_MIB = 256;
  private static final int ROWS = 10;
  private static final int NEAR = 5;
  private static final int ROUNDS = 5;
  private static final int WARM_ROUNDS = 2;
  private static final double WARM_SECONDS = 40;
  private static final double SLOW = 0.2; // seconds: such a query is asked once

  private record Row(String kind, List<String> terms) {}

  private static List<String> readTexts(String path) throws IOException {
    List<String> texts = new ArrayList<>();
    String key = "\"text\":\"";
    try (Stream<String> lines = Files.lines(Path.of(path))) {
      lines.forEach(
          line -> {
            int start = line.lastIndexOf(key) + key.length();
            String text = line.substring(start, line.lastIndexOf('"'));
            if (start < key.length() || text.indexOf('\\') >= 0) {
              throw new IllegalArgumentException("not as bench/prepare writes it: " + line);
            }
            texts.add(text);
          });
    }
    return texts;
  }

  private static List<Row> readQueries(String path) throws IOException {
    try (Stream<String> lines = Files.lines(Path.of(path))) {
      return lines
          .map(line -> List.of(line.split("\t")))
          .map(fields -> new Row(fields.get(0), fields.subList(1, fields.size())))
          .toList();
    }
  }

  private static void build(Path dir, List<String> texts) throws IOException {
    FieldType type = new FieldType();
    type.setIndexOptions(IndexOptions.DOCS_AND_FREQS_AND_POSITIONS);
    type.setTokenized(true);
    type.freeze();
    IndexWriterConfig config = new IndexWriterConfig(null);
    config.setRAMBufferSizeMB(MEMORY_MIB);
    config.setMaxBufferedDocs(IndexWriterConfig.DISABLE_AUTO_FLUSH);
    config.setMergeScheduler(new SerialMergeScheduler());
    config.setUseCompoundFile(false);
    Bigrams stream = new Bigrams();
    Field field = new Field(TEXT, stream, type);
    Document document = new Document();
    document.add(field);
    try (MMapDirectory directory = new MMapDirectory(dir);
        IndexWriter writer = new IndexWriter(directory, config)) {
      for (String text : texts) {
        stream.of(text);
        writer.addDocument(document);
      }
      writer.forceMerge(1);
      writer.commit();
    }
  }

  private static long folderBytes(Path dir) throws IOException {
    long sum = 0;
    try (Stream<Path> files = Files.list(dir)) {
      for (Path file : files.toList()) {
        sum += Files.size(file);
      }
    }
    return sum;
  }

  private static Query phrase(String text) {
    boolean completed = text.endsWith("*");
    String plain = completed ? text.substring(0, text.length() - 1) : text;
    if (completed && Bigrams.isWordPart(plain.codePointAt(0))) {
      return new PrefixQuery(new Term(TEXT, plain));
    }
    List<String> tokens = Bigrams.tokensOf(plain);
    if (tokens.size() == 1) {
      return new TermQuery(new Term(TEXT, tokens.get(0)));
    }
    return new PhraseQuery(TEXT, tokens.toArray(String[]::new));
  }

  private static Query all(Stream<Query> parts, BooleanClause.Occur occur) {
    BooleanQuery.Builder builder = new BooleanQuery.Builder();
    parts.forEach(part -> builder.add(part, occur));
    return builder.build();
  }

  /** Between two bigrams is one position more than between their characters. */
  private static Query near(List<String> terms) {
    SpanQuery[] spans =
        terms.stream().map(t -> new SpanTermQuery(new Term(TEXT, t))).toArray(SpanQuery[]::new);
    return new SpanNearQuery(spans, NEAR + 1, false);
  }

  /** Null if the index cannot answer: it has no single characters. */
  private static Query queryOf(Row row) {
    Stream<Query> phrases = row.terms().stream().map(Peer::phrase);
    return switch (row.kind()) {
      case "char" -> null;
      case "near" -> near(row.terms());
      case "and2" -> all(phrases, BooleanClause.Occur.MUST);
      case "or5" -> all(phrases, BooleanClause.Occur.SHOULD);
      case "any" -> all(
          new LinkedHashSet<>(Bigrams.tokensOf(row.terms().get(0)))
              .stream().map(t -> new TermQuery(new Term(TEXT, t))),
          BooleanClause.Occur.SHOULD);
      default -> phrase(row.terms().get(0));
    };
  }

  private static TopDocs search(IndexSearcher searcher, Query query, boolean exact)
      throws IOException {
    int counted = exact ? Integer.MAX_VALUE : ROWS;
    return searcher.search(query, new TopScoreDocCollectorManager(ROWS, null, counted));
  }

  /** A record in Lucene 10, a class with fields in 9: both print `N hits`. */
  private static String count(TopDocs found) {
    return found.totalHits.toString().replace(" hits", "");
  }

  private static void warm(IndexSearcher searcher, List<Row> rows) throws IOException {
    double end = System.nanoTime() + WARM_SECONDS * 1e9;
    for (int i = 0; System.nanoTime() < end; i++) {
      Query query = queryOf(rows.get(i % rows.size()));
      if (query != null) {
        search(searcher, query, i / rows.size() % 2 == 0);
      }
    }
  }

  /** Queries of a class go round; the median of the rounds behind the warm ones counts. */
  private static void measure(IndexSearcher searcher, List<Row> rows, int first, boolean exact)
      throws IOException {
    double[][] times = new double[rows.size()][ROUNDS];
    int[] done = new int[rows.size()];
    TopDocs[] found = new TopDocs[rows.size()];
    for (int round = 0; round < WARM_ROUNDS + ROUNDS; round++) {
      for (int i = 0; i < rows.size(); i++) {
        if (done[i] > 0 && times[i][0] > SLOW) {
          continue;
        }
        long before = System.nanoTime();
        Query query = queryOf(rows.get(i));
        if (query == null) {
          continue;
        }
        found[i] = search(searcher, query, exact);
        double taken = (System.nanoTime() - before) / 1e9;
        if (round >= WARM_ROUNDS || taken > SLOW) {
          times[i][done[i]++] = taken;
        }
      }
    }
    for (int i = 0; i < rows.size(); i++) {
      if (done[i] > 0) {
        Arrays.sort(times[i], 0, done[i]);
        System.out.printf(
            "query\t%s\t%d\t%s\t%s\t%.2f%n",
            rows.get(i).kind(), first + i, exact ? "exact" : "top10",
            exact ? count(found[i]) : "-", times[i][done[i] / 2] * 1e6);
      }
    }
  }

  public static void main(String[] args) throws IOException {
    if (args.length < 3) {
      System.err.println("usage: Peer INDEX DOCUMENTS QUERIES [reuse]");
      System.exit(2);
    }
    System.out.printf("version\t%s, Java %s%n", Version.LATEST, Runtime.version().feature());
    Path dir = Path.of(args[0]);
    if (args.length == 3) {
      List<String> texts = readTexts(args[1]);
      long bytes = 0;
      for (String text : texts) {
        bytes += text.getBytes(StandardCharsets.UTF_8).length;
      }
      long before = System.nanoTime();
      build(dir, texts);
      System.out.printf("build\t%.3f\t%d%n", (System.nanoTime() - before) / 1e9, bytes);
    }
    System.out.printf("size\t%d%n", folderBytes(dir));
    List<Row> rows = readQueries(args[2]);
    try (MMapDirectory directory = new MMapDirectory(dir);
        DirectoryReader reader = DirectoryReader.open(directory)) {
      IndexSearcher searcher = new IndexSearcher(reader);
      searcher.setQueryCache(null);
      warm(searcher, rows);
      for (int from = 0, end; from < rows.size(); from = end) {
        for (end = from; end < rows.size() && same(rows, from, end); ) {
          end++;
        }
        measure(searcher, rows.subList(from, end), from, true);
        measure(searcher, rows.subList(from, end), from, false);
      }
    }
  }

  private static boolean same(List<Row> rows, int a, int b) {
    return rows.get(a).kind().equals(rows.get(b).kind());
  }
}
