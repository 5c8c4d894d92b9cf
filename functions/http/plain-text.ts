import { Tokenizer, type TokenizerCallbacks } from "htmlparser2";

/**
 * The text of a message, without its markup, as the service before this one took it: with
 * `BeautifulSoup(markup, "html.parser").get_text()` (bs4 4.11.2, Python 3.11.2).
 *
 * Tags, comments, declarations and the text of hidden elements go; character references are decoded once; what cannot
 * be read as markup stays as typed: `1<2`, `Q&A`, a tag or comment without end. Where Python's parser differs from a
 * browser, so does this: only script and style hold no tags, `-- >` ends a comment, `&alpha x` needs no semicolon. The
 * faults of the original are not copied: it threw at some markup, collapsed text of white space alone, and lost the
 * `&` or `;` of what is no reference.
 *
 * Never throws. Well-formed markup gives well-formed text. The cost is linear in the length of the markup.
 */
export function plainText(markup: string): string {
  const reader = new MarkupReader(markup);
  const elements = new OpenElements();
  let text = "";
  for (let at = 0; at < markup.length; ) {
    const next = markup.indexOf("<", at);
    const open = next === -1 ? markup.length : next;
    if (!elements.hideText) text += decodeReferences(markup, at, open);
    if (open === markup.length) break;

    const piece = reader.read(open);
    if (piece.opens !== undefined) elements.open(piece.opens);
    if (piece.closes !== undefined) elements.close(piece.closes);
    if (piece.section !== undefined) text += piece.section;
    if (piece.text !== undefined && !elements.hideText) text += piece.text;
    at = piece.end;
  }
  return text;
}

/** Elements whose text is not the message's: code, what waits to be used, and how other text is pronounced. */
const HIDDEN = new Set(["rp", "rt", "script", "style", "template"]);

/** The open elements, the innermost last. Only an end tag closes one, and with it all that were opened inside it. */
class OpenElements {
  readonly #names: string[] = [];
  readonly #count = new Map<string, number>();
  #hidden = 0;

  get hideText(): boolean {
    return this.#hidden > 0;
  }

  open(name: string): void {
    this.#names.push(name);
    this.#add(name, 1);
  }

  close(name: string): void {
    if (!this.#count.get(name)) return;
    for (let last = this.#names.pop(); last !== undefined; last = this.#names.pop()) {
      this.#add(last, -1);
      if (last === name) return;
    }
  }

  #add(name: string, change: 1 | -1): void {
    this.#count.set(name, (this.#count.get(name) ?? 0) + change);
    if (HIDDEN.has(name)) this.#hidden += change;
  }
}

/** What begins at a `<`. */
interface Piece {
  /** Where the next text begins. */
  end: number;
  opens?: string;
  closes?: string;
  /** What is not markup after all. */
  text?: string;
  /** The text of a CDATA section, shown even inside a hidden element. */
  section?: string;
}

/** Elements without content, by all the names that HTML has had for them. */
const VOID = new Set(
  (
    "area base basefont bgsound br col command embed frame hr image img input isindex keygen link menuitem meta " +
    "nextid param source spacer track wbr"
  ).split(" "),
);

/** What an end tag closes: `</b x>` and `</ b >` close b; `</ b x>` is a comment. */
const CLOSED_NAME = /^(?:[a-z][^\t\n\f\r /\0]*|\s+[a-z][-.\w:]*\s*$)/i;

/**
 * Reads markup as Python's html.parser does, from front to back. Where a start tag ends, after attributes and quotes,
 * htmlparser2 says; all else lasts until its closing mark.
 */
class MarkupReader {
  readonly #markup: string;
  readonly #startTags: StartTagReader;
  readonly #close: Finder;
  readonly #commentClose: Finder;
  readonly #sectionClose: Finder;
  readonly #conditionClose: Finder;
  /** What ends the only elements whose content is not read for tags. */
  readonly #rawTextClose: Map<string, Finder>;

  constructor(markup: string) {
    this.#markup = markup;
    this.#startTags = new StartTagReader(markup);
    this.#close = finder(markup, />/g);
    this.#commentClose = finder(markup, /--\s*>/g);
    this.#sectionClose = finder(markup, /\]\s*\]\s*>/g);
    this.#conditionClose = finder(markup, /\]\s*>/g);
    this.#rawTextClose = new Map([
      ["script", finder(markup, /<\/\s*script\s*>/gi)],
      ["style", finder(markup, /<\/\s*style\s*>/gi)],
    ]);
  }

  read(at: number): Piece {
    const next = this.#markup[at + 1] ?? "";
    if (/[a-z]/i.test(next)) return this.#startTag(at) ?? this.#unreadable(at);
    if (next === "/") return this.#endTag(at) ?? this.#unreadable(at);
    if (next === "!" || next === "?") return this.#declaration(at) ?? this.#unreadable(at);
    return { end: at + 1, text: "<" };
  }

  #startTag(at: number): Piece | undefined {
    const tag = this.#close(at) && this.#startTags.read(at);
    // To html.parser the name ends at a NUL, and what follows is no attribute.
    if (!tag || tag.name.includes("\0")) return undefined;
    const { name, end } = tag;
    if (tag.closesItself || VOID.has(name)) return { end };
    const rawTextClose = this.#rawTextClose.get(name);
    return rawTextClose ? { end: rawTextClose(end)?.end ?? this.#markup.length } : { end, opens: name };
  }

  #endTag(at: number): Piece | undefined {
    const close = this.#close(at);
    if (!close) return undefined;
    const [name] = CLOSED_NAME.exec(this.#markup.slice(at + "</".length, close.start)) ?? [];
    return { end: close.end, ...(name && { closes: name.trim().toLowerCase() }) };
  }

  #declaration(at: number): Piece | undefined {
    if (this.#markup.startsWith("<![", at)) return this.#section(at + "<![".length);
    const isComment = this.#markup.startsWith("<!--", at);
    const close = isComment ? this.#commentClose(at + "<!--".length) : this.#close(at);
    return close && { end: close.end };
  }

  #section(at: number): Piece | undefined {
    const [name = ""] = /^[a-z][-.\w]*/i.exec(this.#markup.slice(at)) ?? [];
    const isSection = ["cdata", "ignore", "include", "rcdata", "temp"].includes(name.toLowerCase());
    const isCondition = ["if", "else", "endif"].includes(name.toLowerCase());
    const close = isSection ? this.#sectionClose(at) : isCondition ? this.#conditionClose(at) : undefined;
    if (!close) return undefined;
    const content = this.#markup.slice(at, close.start);
    if (!/^cdata\[/i.test(content)) return { end: close.end };
    // The original shows an empty section as a space.
    return { end: close.end, section: content.slice("CDATA[".length) || " " };
  }

  /** What cannot be read is text up to the next `>`, and references in it are not decoded. */
  #unreadable(at: number): Piece {
    const next = this.#markup.indexOf("<", at + 1);
    const end = this.#close(at)?.end ?? (next === -1 ? at + 1 : next);
    return { end, text: this.#markup.slice(at, end) };
  }
}

type Finder = (from: number) => { start: number; end: number } | undefined;

/** Finds a mark at or after `from`, which must not fall from call to call: so each part is searched once. */
function finder(markup: string, mark: RegExp): Finder {
  let found: ReturnType<Finder> = { start: -1, end: -1 };
  return (from) => {
    if (found && found.start < from) {
      mark.lastIndex = from;
      const match = mark.exec(markup);
      found = match ? { start: match.index, end: mark.lastIndex } : undefined;
    }
    return found;
  };
}

interface StartTag {
  name: string;
  end: number;
  closesItself: boolean;
}

/** Where the tokenizer reads on, in the state that it has after `lead`. */
interface Resumption {
  lead: string;
  from: number;
}

const EQUALS = /\s*=+\s*/y;

/** Reads start tags with htmlparser2, set right where html.parser reads an attribute's value otherwise. */
class StartTagReader {
  readonly #markup: string;
  readonly #lastQuote: Record<string, number>;
  /** Where attributes begin whose tag has no end: a later tag that reaches one has none either. */
  readonly #endless = new Set<number>();

  constructor(markup: string) {
    this.#markup = markup;
    this.#lastQuote = { '"': markup.lastIndexOf('"'), "'": markup.lastIndexOf("'") };
  }

  /** The start tag at `at`; undefined where it has no end. */
  read(at: number): StartTag | undefined {
    const tag: StartTag = { name: "", end: 0, closesItself: false };
    const attributes: number[] = [];
    let next: Resumption | undefined = { lead: "", from: at };
    while (next) next = this.#readOn(next, tag, attributes);
    if (tag.end > 0) return tag;
    for (const attribute of attributes) this.#endless.add(attribute);
    return undefined;
  }

  #readOn({ lead, from }: Resumption, tag: StartTag, attributes: number[]): Resumption | undefined {
    const offset = from - lead.length;
    let resumption = undefined as Resumption | undefined;
    const end = (close: number) => {
      tag.end = offset + close + 1;
      tokenizer.pause();
    };
    const tokenizer = tokenizerFor({
      onopentagname: (start, nameEnd) => {
        tag.name ||= this.#markup.slice(offset + start, offset + nameEnd).toLowerCase();
      },
      onattribname: (start, nameEnd) => {
        if (start < lead.length) return;
        if (this.#endless.has(offset + start)) return tokenizer.pause();
        attributes.push(offset + start);
        resumption = this.#resumption(offset + nameEnd);
        if (resumption) tokenizer.pause();
      },
      onopentagend: end,
      onselfclosingtag: (close) => {
        tag.closesItself = this.#markup[offset + close - 1] === "/";
        end(close);
      },
    });
    tokenizer.write(lead);
    tokenizer.write(this.#markup.slice(from));
    return resumption;
  }

  /** How to read on after an attribute's name, unless htmlparser2 knows. */
  #resumption(nameEnd: number): Resumption | undefined {
    EQUALS.lastIndex = nameEnd;
    const equals = EQUALS.exec(this.#markup)?.[0];
    if (equals === undefined) return undefined;
    const value = nameEnd + equals.length;
    const quote = this.#markup[value] ?? "";
    // To htmlparser2 the value of `b=="c"` would begin with the second `=`.
    const isClosed = value !== this.#lastQuote[quote];
    if (isClosed) return equals === "=" ? undefined : { lead: "<a b=", from: value };

    // Nothing closes the quote. Right after the name and `=` that leaves the tag without end; else it is a letter.
    if (equals === "=" && !/["']/.test(this.#markup[nameEnd - 1] ?? "")) return { lead: "", from: this.#markup.length };
    return equals.endsWith("==") ? undefined : { lead: "<a ", from: value };
  }
}

/**
 * A character reference. It ends before a character that could not go on with its name or number, and before one: none
 * is `&copy2024`, nor what the end of the markup cuts off. So delimited it does without its semicolon.
 */
const REFERENCE = /&(?:#(?:\d+|x[\da-f]+)(?=[^\da-f])|[a-z][-.a-z\d]*(?=[^a-z\d]));?/gi;

/** The text between two places of which the second is a `<` or the end. */
function decodeReferences(markup: string, from: number, to: number): string {
  // A `<` is looked at to see that a reference ends before it.
  const decoded = markup.slice(from, to + 1).replace(REFERENCE, decodeReference);
  return to < markup.length ? decoded.slice(0, -1) : decoded;
}

/** What a reference stands for. A number that is no character stands for U+FFFD; an unknown name stays as typed. */
function decodeReference(typed: string): string {
  // A browser, and htmlparser2, would make U+FFFD of it.
  if (/^&#x?0+;?$/i.test(typed)) return "\0";
  const reference = typed.endsWith(";") ? typed : `${typed};`;
  let decoded = "";
  const tokenizer = tokenizerFor({
    // An end before the semicolon is that of a known name at the beginning of an unknown one.
    ontextentity: (codePoint, end) => {
      if (end === reference.length) decoded += String.fromCodePoint(codePoint);
    },
  });
  tokenizer.write(reference);
  return decoded || typed;
}

const ignore = () => {};

/** htmlparser2's tokenizer, which demands a callback for everything, with some of them. */
function tokenizerFor(wanted: Partial<TokenizerCallbacks>): Tokenizer {
  const callbacks: TokenizerCallbacks = {
    onattribdata: ignore,
    onattribend: ignore,
    onattribentity: ignore,
    onattribname: ignore,
    oncdata: ignore,
    onclosetag: ignore,
    oncomment: ignore,
    ondeclaration: ignore,
    onend: ignore,
    onopentagend: ignore,
    onopentagname: ignore,
    onprocessinginstruction: ignore,
    onselfclosingtag: ignore,
    ontext: ignore,
    ontextentity: ignore,
    ...wanted,
  };
  return new Tokenizer({ decodeEntities: wanted.ontextentity !== undefined }, callbacks);
}
