/* SPDX-License-Identifier: Apache-2.0
 *
 * From marks to a tree, by recursive descent: one function a rule of the grammar in
 * docs/QUERY.md. Each rule leaves one node on the stack of pending nodes, and a list gathers those
 * above its own start. The depth of brackets bounds the recursion.
 */
#include "query/parse.h"

#include "common/base/limits.h"
#include "common/base/sabotage.h"
#include "common/text/exact.h"
#include "query/lexer.h"
#include "query/period.h"

#define TOKENS_PER_BATCH 64
#define ITEMS_AT_FIRST 8
#define EXACT_BYTES_MAX (8 * GS_REQUEST_LINE_BYTES_MAX) /* more than NFC of a query can take */
#define TERMS_LIMIT "terms of a query: at most %u"

/* The items of one phrase, or of the plain text of a question, as they are found. */
typedef struct item_list {
    gs_item *items;
    uint32_t count, capacity;
} item_list;

typedef struct parser {
    gs_arena *arena;
    gs_lexer lexer;
    gs_operator_word ahead; /* behind the terms read last, see parse_near */
    gs_field_name field;    /* that holds for the group being read */
    uint32_t depth;
    uint32_t terms_count; /* phrases and dates */
    uint32_t items_count;
    uint32_t leaves_count;
    uint32_t pending_count;
    gs_node *leaves[GS_QUERY_TERMS_MAX];
    gs_node *pending[GS_QUERY_TERMS_MAX]; /* each holds a term at least */
} parser;

static gsearch_status parse_or(parser *p, size_t start, gsearch_error *err);

/* All but the two arrays, which are large and filled before they are read. */
static void parser_init(parser *p, gs_arena *arena)
{
    p->arena = arena;
    p->field = GS_FIELD_NAME_NONE;
    p->depth = 0;
    p->terms_count = 0;
    p->items_count = 0;
    p->leaves_count = 0;
    p->pending_count = 0;
}

/* ---- nodes ---- */

static gsearch_status push_node(parser *p, gs_node_kind kind, size_t offset, gs_node **out,
                                gsearch_error *err)
{
    gs_node *node = gs_arena_calloc(p->arena, 1, sizeof(*node));
    if (!node)
        return gs_fail_memory(err);
    node->kind = kind;
    node->offset = (uint32_t)offset;
    p->pending[p->pending_count++] = *out = node;
    return GSEARCH_OK;
}

static gsearch_status push_term(parser *p, gs_node_kind kind, size_t offset, gs_node **out,
                                gsearch_error *err)
{
    if (p->terms_count == GS_QUERY_TERMS_MAX)
        return gs_fail(err, GSEARCH_LIMIT, TERMS_LIMIT, GS_QUERY_TERMS_MAX);
    p->terms_count++;
    return push_node(p, kind, offset, out, err);
}

/* Takes the nodes from `mark` on off the stack and puts one over them there. Lists of the same kind
 * become one. A single node stays as it is. */
static gsearch_status gather(parser *p, gs_node_kind kind, uint32_t mark, gsearch_error *err)
{
    gs_node **nodes = p->pending + mark;
    uint32_t nodes_count = p->pending_count - mark;
    if (nodes_count == 1 && kind != GS_NODE_NOT)
        return GSEARCH_OK;
    size_t count = 0;
    for (uint32_t i = 0; i < nodes_count; i++)
        count += nodes[i]->kind == kind ? nodes[i]->children_count : 1;
    gs_node **children = gs_arena_calloc(p->arena, count, sizeof(gs_node *));
    if (!children)
        return gs_fail_memory(err);
    gs_node **next = children;
    for (uint32_t i = 0; i < nodes_count; i++) {
        if (nodes[i]->kind != kind) {
            *next++ = nodes[i];
            continue;
        }
        for (uint32_t k = 0; k < nodes[i]->children_count; k++)
            *next++ = nodes[i]->children[k];
    }
    p->pending_count = mark;
    gs_node *node = NULL;
    GS_TRY(push_node(p, kind, children[0]->offset, &node, err));
    node->children = children;
    node->children_count = (uint32_t)count;
    return GSEARCH_OK;
}

/* ---- phrases ---- */

static gsearch_status append_item(parser *p, item_list *list, const gs_token *token,
                                  gsearch_error *err)
{
    if (p->items_count == GS_QUERY_GRAMS_MAX)
        return gs_fail(err, GSEARCH_LIMIT, "characters and words of a query: at most %u",
                       GS_QUERY_GRAMS_MAX);
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity ? 2 * list->capacity : ITEMS_AT_FIRST;
        gs_item *items = gs_arena_calloc(p->arena, capacity, sizeof(*items));
        if (!items)
            return gs_fail_memory(err);
        if (list->count)
            memcpy(items, list->items, list->count * sizeof(*items));
        list->items = items;
        list->capacity = capacity;
    }
    gs_item *item = list->items + list->count;
    item->kind = token->kind;
    if (token->kind == GS_TOKEN_CJK)
        item->code_point = token->code_point;
    if (token->kind == GS_TOKEN_WORD) {
        const char *word = gs_arena_dup(p->arena, token->term);
        if (!word)
            return gs_fail_memory(err);
        item->word = gs_bytes_of(word, token->term.len);
    }
    list->count++;
    p->items_count++;
    return GSEARCH_OK;
}

/* Appends the tokens of `text`, with breaks only between others, and one before them if the list
 * holds something. `kept` becomes the bytes from the first to the last token that is no break; it
 * is empty if there is none. */
static gsearch_status append_text(parser *p, gs_bytes text, item_list *list, gs_bytes *kept,
                                  gsearch_error *err)
{
    static const gs_token separator = {.kind = GS_TOKEN_BREAK};
    gs_analyzer analyzer;
    gs_token tokens[TOKENS_PER_BATCH];
    bool broken = true; // a break lies before the next token
    size_t count;
    *kept = gs_bytes_of(text.ptr, 0);
    gs_analyzer_start(&analyzer, text, 0, 0);
    while ((count = gs_analyzer_next(&analyzer, tokens, TOKENS_PER_BATCH))) {
        for (size_t i = 0; i < count; i++) {
            const gs_token *token = tokens + i;
            if (token->kind == GS_TOKEN_BREAK) {
                broken = true;
                continue;
            }
            if (broken && list->count > 0)
                GS_TRY(append_item(p, list, &separator, err));
            GS_TRY(append_item(p, list, token, err));
            broken = false;
            if (kept->len == 0)
                kept->ptr = text.ptr + token->byte_start;
            kept->len = (size_t)(text.ptr + token->byte_end - kept->ptr);
        }
    }
    return GSEARCH_OK;
}

static gsearch_status exact_text(parser *p, gs_bytes text, gs_bytes *out, gsearch_error *err)
{
    gs_buf buf;
    gs_buf_init(&buf, p->arena->mem, EXACT_BYTES_MAX);
    gs_text_exact(&buf, text);
    const char *copy = buf.status ? NULL : gs_arena_dup(p->arena, gs_buf_view(&buf));
    *out = gs_bytes_of(copy, buf.len);
    gs_buf_release(&buf);
    return copy ? GSEARCH_OK : gs_fail_memory(err);
}

/* What stands before and after the text of a phrase. */
typedef struct phrase_form {
    gs_field_name field;
    bool exact;
    bool starred;
    size_t star; /* where the `*` stands */
} phrase_form;

/* `offset` is where faults of the text are, and the place of the node. */
static gsearch_status push_phrase(parser *p, gs_bytes text, size_t offset, phrase_form form,
                                  gsearch_error *err)
{
    item_list list = {0};
    gs_bytes kept;
    gs_node *node = NULL;
    GS_TRY(append_text(p, text, &list, &kept, err));
    if (list.count == 0)
        return gs_query_refuse(err, offset,
                               "nothing to search for: marks and spaces match "
                               "nothing");
    bool word_last = list.items[list.count - 1].kind == GS_TOKEN_WORD;
    if (form.starred && word_last && kept.ptr + kept.len != text.ptr + text.len)
        return gs_query_refuse(err, form.star, "* completes a word that it follows directly");
    GS_TRY(push_term(p, GS_NODE_PHRASE, offset, &node, err));
    node->field = form.field == GS_FIELD_NAME_TITLE ? GS_FIELD_TITLE : GS_FIELD_ANY;
    node->items = list.items;
    node->items_count = list.count;
    node->prefix = form.starred && word_last;
    node->exact = form.exact;
    if (form.exact)
        GS_TRY(exact_text(p, kept, &node->exact_text, err));
    p->leaves[p->leaves_count++] = node;
    return GSEARCH_OK;
}

static gsearch_status push_date(parser *p, const gs_lexeme *term, bool exact, gsearch_error *err)
{
    gs_period period;
    gs_node *node = NULL;
    if (exact)
        return gs_query_refuse(err, term->offset, "= does not go with a date");
    if (term->starred || term->near)
        return gs_query_refuse(err, term->mark, "neither * nor ~ goes with a date");
    gsearch_status status = gs_period_parse(term->text, &period, err);
    if (status) {
        if (err)
            err->offset += (int64_t)term->text_offset;
        return status;
    }
    GS_TRY(push_term(p, GS_NODE_DATE, term->offset, &node, err));
    node->date_from = period.from;
    node->date_to = period.to;
    return GSEARCH_OK;
}

/* ---- NEAR ---- */

static gsearch_status check_operand(const gs_node *node, gs_field field, gsearch_error *err)
{
    if (node->kind != GS_NODE_PHRASE)
        return gs_query_refuse(err, node->offset,
                               "NEAR stands between terms, phrases and groups of them with OR");
    if (node->field != field)
        return gs_query_refuse(err, node->offset, "what is NEAR stands in the same field");
    return GSEARCH_OK;
}

/* One NEAR of the current choice of each operand. */
static gsearch_status push_choice(parser *p, gs_node *const *operands, const uint32_t *choice,
                                  uint32_t count, uint32_t distance, gsearch_error *err)
{
    gs_node **children = gs_arena_calloc(p->arena, count, sizeof(gs_node *));
    gs_node *node = NULL;
    if (!children)
        return gs_fail_memory(err);
    for (uint32_t i = 0; i < count; i++) {
        gs_node *operand = operands[i];
        children[i] = operand->kind == GS_NODE_OR ? operand->children[choice[i]] : operand;
    }
    GS_TRY(push_node(p, GS_NODE_NEAR, children[0]->offset, &node, err));
    node->children = children;
    node->children_count = count;
    node->distance = distance;
    return GSEARCH_OK;
}

/* Makes one NEAR of the nodes from `mark` on. One that is an OR of phrases is distributed:
 * (a OR b) NEAR/n c is a NEAR/n c OR b NEAR/n c. */
static gsearch_status gather_near(parser *p, uint32_t mark, uint32_t distance, gsearch_error *err)
{
    uint32_t count = p->pending_count - mark;
    gs_node **operands = gs_arena_calloc(p->arena, count, sizeof(gs_node *));
    uint32_t *choice = gs_arena_calloc(p->arena, count, sizeof(*choice));
    if (!operands || !choice)
        return gs_fail_memory(err);
    memcpy(operands, p->pending + mark, count * sizeof(gs_node *));
    p->pending_count = mark;

    const gs_node *first = operands[0]->kind == GS_NODE_OR ? operands[0]->children[0] : operands[0];
    size_t choices_count = 1;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t alternatives = 1;
        if (operands[i]->kind != GS_NODE_OR) {
            GS_TRY(check_operand(operands[i], first->field, err));
        } else {
            alternatives = operands[i]->children_count;
            for (uint32_t k = 0; k < alternatives; k++)
                GS_TRY(check_operand(operands[i]->children[k], first->field, err));
        }
        choices_count *= alternatives;
        if (choices_count > 1 && choices_count * count > GS_QUERY_TERMS_MAX - p->terms_count)
            return gs_fail(err, GSEARCH_LIMIT, TERMS_LIMIT, GS_QUERY_TERMS_MAX);
    }
    if (choices_count > 1)
        p->terms_count += (uint32_t)(choices_count * count); // they count as if they were typed
    for (size_t i = 0; i < choices_count; i++) {
        GS_TRY(push_choice(p, operands, choice, count, distance, err));
        for (uint32_t k = count; k-- > 0;) { // the last operand changes fastest
            if (operands[k]->kind == GS_NODE_OR && ++choice[k] < operands[k]->children_count)
                break;
            choice[k] = 0;
        }
    }
    return gather(p, GS_NODE_OR, mark, err);
}

/* A term between the quotes of "…"~N, without the `*` at its end, which `form` gets. `offset` is
 * where it begins in the query. */
static gsearch_status take_star(gs_bytes *part, size_t offset, phrase_form *form,
                                gsearch_error *err)
{
    const uint8_t *star = memchr(part->ptr, '*', part->len);
    form->starred = star != NULL;
    if (!star)
        return GSEARCH_OK;
    size_t len = (size_t)(star - part->ptr);
    form->star = offset + len;
    if (len + 1 < part->len)
        return gs_query_refuse(err, form->star, "* stands at the end of a term only");
    part->len = len;
    return GSEARCH_OK;
}

/* "a b c"~N: white space separates what stands near one another. */
static gsearch_status push_near_quote(parser *p, const gs_lexeme *term, phrase_form form,
                                      gsearch_error *err)
{
    uint32_t mark = p->pending_count;
    gs_lexer parts;
    if (form.exact)
        return gs_query_refuse(err, term->mark, "~ does not go with =");
    gs_lexer_init_part(&parts, term->text);
    for (gs_lexer_skip_space(&parts); parts.pos < parts.end; gs_lexer_skip_space(&parts)) {
        gs_bytes part = gs_lexer_take_run(&parts);
        size_t offset = term->text_offset + (size_t)(part.ptr - term->text.ptr);
        GS_TRY(take_star(&part, offset, &form, err));
        GS_TRY(push_phrase(p, part, offset, form, err));
    }
    if (p->pending_count == mark)
        return gs_query_refuse(err, term->offset, "nothing to search for between these quotes");
    if (p->pending_count == mark + 1)
        return GSEARCH_OK;
    return gather_near(p, mark, term->distance, err);
}

/* ---- the grammar ---- */

/* A field holds for the term or group right behind it. */
static gsearch_status parse_field(parser *p, gs_field_name *field, gsearch_error *err)
{
    size_t offset = p->lexer.pos;
    gs_field_name name = gs_lexer_take_field(&p->lexer);
    if (name == GS_FIELD_NAME_NONE)
        return GSEARCH_OK;
    if (name == GS_FIELD_NAME_DOCNO)
        return gs_query_refuse(err, offset, "this index does not hold the field docno (文号)");
    if (name == GS_FIELD_NAME_AGENCY)
        return gs_query_refuse(err, offset, "this index does not hold the field agency (机关)");
    if (gs_lexer_at_border(&p->lexer))
        return gs_query_refuse(err, offset, "a field needs a term right behind its colon");
    *field = name;
    offset = p->lexer.pos;
    if (gs_lexer_take_field(&p->lexer) != GS_FIELD_NAME_NONE)
        return gs_query_refuse(err, offset, "a term has one field");
    return GSEARCH_OK;
}

static gsearch_status parse_term(parser *p, gs_field_name field, bool exact, gsearch_error *err)
{
    gs_lexeme term;
    GS_TRY(gs_lexer_take_term(&p->lexer, &term, err));
    if (field == GS_FIELD_NAME_DATE)
        return push_date(p, &term, exact, err);
    if (exact && term.starred)
        return gs_query_refuse(err, term.mark, "* does not go with =");
    phrase_form form = {.field = field, .exact = exact, .starred = term.starred, .star = term.mark};
    if (term.near)
        return push_near_quote(p, &term, form, err);
    return push_phrase(p, term.text, term.offset, form, err);
}

/* `blame` is the operator that waits for this operand; if none does, where it would begin. */
static gsearch_status parse_primary(parser *p, size_t blame, gsearch_error *err)
{
    gs_lexer *lexer = &p->lexer;
    gs_operator_word word;
    GS_TRY(gs_lexer_peek_operator(lexer, &word, err));
    if (lexer->pos == lexer->end || word.kind != GS_OPERATOR_NONE)
        return gs_query_refuse(err, blame, "a term is missing beside this operator");

    gs_field_name field = p->field;
    GS_TRY(parse_field(p, &field, err));
    size_t offset = lexer->pos;
    bool exact = gs_lexer_take(lexer, '=');
    if (exact && gs_lexer_at_border(lexer))
        return gs_query_refuse(err, offset, "= needs a term right behind it");
    offset = lexer->pos;
    if (gs_lexer_take(lexer, '-') || (exact && gs_lexer_take(lexer, '=')))
        return gs_query_refuse(err, offset, "- and = cannot stand behind another operator");
    if (exact && gs_lexer_take_field(lexer) != GS_FIELD_NAME_NONE)
        return gs_query_refuse(err, offset, "= stands behind the field, as in title:=…");

    bool group;
    size_t outer_end;
    GS_TRY(gs_lexer_enter_group(lexer, &outer_end, &group, err));
    if (!group)
        return parse_term(p, field, exact, err);
    if (exact)
        return gs_query_refuse(err, offset, "= stands before a term or a phrase only");
    if (p->depth == GS_QUERY_DEPTH_MAX && !GS_SABOTAGED(query_depth))
        return gs_fail(err, GSEARCH_LIMIT, "brackets in brackets: at most %u", GS_QUERY_DEPTH_MAX);
    gs_field_name outer_field = p->field;
    p->field = field;
    p->depth++;
    GS_TRY(parse_or(p, offset, err));
    p->depth--;
    p->field = outer_field;
    return gs_lexer_leave_group(lexer, outer_end, err);
}

/* Ends before an operator or term, with `ahead` about it. */
static gsearch_status parse_near(parser *p, size_t blame, gsearch_error *err)
{
    uint32_t mark = p->pending_count;
    uint32_t distance = 0;
    GS_TRY(parse_primary(p, blame, err));
    for (;;) {
        gs_lexer_skip_space(&p->lexer);
        GS_TRY(gs_lexer_peek_operator(&p->lexer, &p->ahead, err));
        if (p->ahead.kind != GS_OPERATOR_NEAR)
            break;
        distance += p->ahead.distance;
        if (distance > GS_QUERY_NEAR_DISTANCE_MAX)
            return gs_fail(err, GSEARCH_LIMIT, "distances of NEAR/n together: at most %u positions",
                           GS_QUERY_NEAR_DISTANCE_MAX);
        p->lexer.pos = p->ahead.end;
        gs_lexer_skip_space(&p->lexer);
        GS_TRY(parse_primary(p, p->ahead.offset, err));
    }
    return p->pending_count == mark + 1 ? GSEARCH_OK : gather_near(p, mark, distance, err);
}

static gsearch_status parse_unary(parser *p, size_t blame, gsearch_error *err)
{
    gs_lexer *lexer = &p->lexer;
    uint32_t mark = p->pending_count;
    gs_operator_word word;
    size_t offset = lexer->pos;
    bool negated = gs_lexer_take(lexer, '-');
    if (negated && gs_lexer_at_border(lexer))
        return gs_query_refuse(err, offset, "- needs a term right behind it");
    if (!negated) {
        GS_TRY(gs_lexer_peek_operator(lexer, &word, err));
        negated = word.kind == GS_OPERATOR_NOT;
        lexer->pos = negated ? word.end : lexer->pos;
        gs_lexer_skip_space(lexer);
    }
    GS_TRY(parse_near(p, negated ? offset : blame, err));
    return negated ? gather(p, GS_NODE_NOT, mark, err) : GSEARCH_OK;
}

static gsearch_status parse_and(parser *p, size_t blame, gsearch_error *err)
{
    uint32_t mark = p->pending_count;
    bool positive = false;
    gs_lexer_skip_space(&p->lexer);
    size_t start = p->lexer.pos;
    do {
        GS_TRY(parse_unary(p, blame, err));
        positive = positive || p->pending[p->pending_count - 1]->kind != GS_NODE_NOT;
        if (p->ahead.kind == GS_OPERATOR_AND) {
            p->lexer.pos = p->ahead.end;
            gs_lexer_skip_space(&p->lexer);
        }
        blame = p->ahead.offset;
    } while (p->ahead.kind == GS_OPERATOR_AND ||
             (p->ahead.kind != GS_OPERATOR_OR && p->lexer.pos < p->lexer.end));
    if (!positive)
        return gs_query_refuse(err, start,
                               "only what must not occur is named: add a term that "
                               "must");
    return gather(p, GS_NODE_AND, mark, err);
}

/* `start` is the bracket of a group, or 0. */
static gsearch_status parse_or(parser *p, size_t start, gsearch_error *err)
{
    uint32_t mark = p->pending_count;
    gs_lexer_skip_space(&p->lexer);
    if (p->lexer.pos == p->lexer.end)
        return gs_query_refuse(err, start, "nothing to search for here");
    size_t blame = p->lexer.pos;
    for (;;) {
        GS_TRY(parse_and(p, blame, err));
        if (p->ahead.kind != GS_OPERATOR_OR)
            break;
        p->lexer.pos = p->ahead.end;
        blame = p->ahead.offset;
    }
    return gather(p, GS_NODE_OR, mark, err);
}

static gsearch_status take_leaves(parser *p, gs_query *out, gsearch_error *err)
{
    gs_node **leaves = gs_arena_calloc(p->arena, p->leaves_count + 1u, sizeof(gs_node *));
    if (!leaves)
        return gs_fail_memory(err);
    memcpy(leaves, p->leaves, p->leaves_count * sizeof(gs_node *));
    out->leaves = leaves;
    out->leaves_count = p->leaves_count;
    return GSEARCH_OK;
}

gsearch_status gs_query_parse(gs_arena *arena, gs_bytes text, gs_query *out, gsearch_error *err)
{
    parser p;
    gs_query query;
    parser_init(&p, arena);
    GS_TRY(gs_lexer_init(&p.lexer, arena, text, false, err));
    GS_TRY(parse_or(&p, 0, err));
    GS_TRY(take_leaves(&p, &query, err));
    query.root = p.pending[0];
    *out = query;
    return GSEARCH_OK;
}

/* ---- match=any ---- */

/* A quoted phrase, a date, a term with a field or `-`: onto the stack. Else onto `plain`. */
static gsearch_status parse_part(parser *p, item_list *plain, gsearch_error *err)
{
    gs_lexer *lexer = &p->lexer;
    uint32_t mark = p->pending_count;
    gs_field_name field = GS_FIELD_NAME_NONE;
    gs_lexeme term;
    gs_bytes kept;
    size_t offset = lexer->pos;
    bool negated = gs_lexer_take(lexer, '-');
    if (negated && gs_lexer_at_border(lexer))
        return gs_query_refuse(err, offset, "- needs a term right behind it");
    GS_TRY(parse_field(p, &field, err));
    offset = lexer->pos;
    if (gs_lexer_take(lexer, '-'))
        return gs_query_refuse(err, offset, "- stands before the whole term");
    GS_TRY(gs_lexer_take_term(lexer, &term, err));
    if (field == GS_FIELD_NAME_DATE)
        GS_TRY(push_date(p, &term, false, err));
    else if (negated || term.quoted || field == GS_FIELD_NAME_TITLE)
        GS_TRY(push_phrase(p, term.text, term.offset, (phrase_form){.field = field}, err));
    else
        return append_text(p, term.text, plain, &kept, err);
    return negated ? gather(p, GS_NODE_NOT, mark, err) : GSEARCH_OK;
}

/* The AND over all pending nodes, be it one; NULL if there is none. */
static gsearch_status gather_filter(parser *p, gs_node **out, gsearch_error *err)
{
    uint32_t count = p->pending_count;
    gs_node *root = NULL;
    if (count > 0) {
        gs_node **children = gs_arena_calloc(p->arena, count, sizeof(gs_node *));
        if (!children)
            return gs_fail_memory(err);
        memcpy(children, p->pending, count * sizeof(gs_node *));
        p->pending_count = 0;
        GS_TRY(push_node(p, GS_NODE_AND, children[0]->offset, &root, err));
        root->children = children;
        root->children_count = count;
    }
    *out = root;
    return GSEARCH_OK;
}

gsearch_status gs_question_parse(gs_arena *arena, gs_bytes text, gs_question *out,
                                 gsearch_error *err)
{
    parser p;
    gs_question question;
    item_list plain = {0};
    parser_init(&p, arena);
    GS_TRY(gs_lexer_init(&p.lexer, arena, text, true, err));
    for (gs_lexer_skip_space(&p.lexer); p.lexer.pos < p.lexer.end; gs_lexer_skip_space(&p.lexer))
        GS_TRY(parse_part(&p, &plain, err));
    bool positive = plain.count > 0;
    for (uint32_t i = 0; i < p.pending_count; i++)
        positive = positive || p.pending[i]->kind != GS_NODE_NOT;
    if (!positive)
        return gs_query_refuse(err, 0,
                               "nothing to search for: marks, spaces and what must not "
                               "occur find nothing");
    GS_TRY(take_leaves(&p, &question.filter, err));
    GS_TRY(gather_filter(&p, &question.filter.root, err));
    question.items = plain.items;
    question.items_count = plain.count;
    *out = question;
    return GSEARCH_OK;
}
