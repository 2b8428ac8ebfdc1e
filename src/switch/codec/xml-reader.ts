import { SaxesParser } from 'saxes';
import type { AnswerLimits } from './answer-limits.js';
import { badAnswer } from './bad-answer.js';

/** What an XML document consists of here: nothing but elements and text. */
export interface XmlSink {
  open(name: string): void;
  /** A piece of text; one text may come in several. */
  text(text: string): void;
  close(): void;
}

/**
 * How much the parser may gather without passing anything on, in multiples of a value's length: a character may be
 * written as a reference of several, so that this is looser than the cap on the value itself.
 */
const SILENCE_FACTOR = 16;

/**
 * Reads strictly well-formed XML 1.0 piece by piece. Errors in the XML are saxes' own Errors; a DOCTYPE, through which
 * entities would come in, and texts over the limit are SWITCH_BAD_RESPONSE.
 */
export class XmlReader {
  private readonly parser: SaxesParser;
  private readonly maxTextLength: number;
  /** Whether the parser passed anything on during this write. */
  private heard = false;
  private silentCharacters = 0;

  constructor(sink: XmlSink, limits: AnswerLimits) {
    this.maxTextLength = limits.maxTextLength;
    // Without an error handler saxes throws at the first error, which is what strict means here. The version is
    // forced, since XML 1.1 reads line ends and control characters differently.
    const parser = new SaxesParser({ forceXMLVersion: true, defaultXMLVersion: '1.0' });
    parser.on('opentag', (tag) => {
      this.heard = true;
      sink.open(tag.name);
    });
    parser.on('closetag', () => {
      this.heard = true;
      sink.close();
    });
    const text = (piece: string) => {
      this.heard = true;
      sink.text(piece);
    };
    parser.on('text', text);
    parser.on('cdata', text);
    parser.on('comment', (comment) => {
      this.heard = true;
      if (comment.length > this.maxTextLength) throw this.tooLong('a comment');
    });
    parser.on('doctype', () => {
      throw badAnswer('the answer has a DOCTYPE, which XML-RPC does not use');
    });
    this.parser = parser;
  }

  write(text: string): void {
    this.heard = false;
    this.parser.write(text);
    // saxes keeps a text, tag or comment until it is complete; without this cap it would keep a whole body of one.
    this.silentCharacters = this.heard ? 0 : this.silentCharacters + text.length;
    if (this.silentCharacters > this.maxTextLength * SILENCE_FACTOR) throw this.tooLong('a text or a tag');
  }

  end(): void {
    this.parser.close();
  }

  private tooLong(what: string) {
    return badAnswer(`the answer has ${what} of more than ${this.maxTextLength} characters`);
  }
}
