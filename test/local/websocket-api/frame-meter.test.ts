import { expect, test } from "vitest";
import { FrameMeter } from "../../../local/websocket-api/frame-meter.ts";

const TEXT = 0x01;
const CONTINUATION = 0x00;
const PING = 0x09;

/** The bytes of a frame that a client sends, with a mask of zeros. */
function frame(length: number, { opcode = TEXT, fin = true } = {}): Buffer {
  const header = [(fin ? 0x80 : 0) | opcode];
  if (length < 126) header.push(0x80 | length);
  else if (length < 65_536) header.push(0x80 | 126, length >> 8, length & 0xff);
  else header.push(0x80 | 127, 0, 0, 0, 0, length >> 24, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff);
  return Buffer.concat([Buffer.from([...header, 0, 0, 0, 0]), Buffer.alloc(length, "x")]);
}

function measure(...chunks: Buffer[]): FrameMeter {
  const meter = new FrameMeter();
  for (const chunk of chunks) meter.read(chunk);
  return meter;
}

test.each([0, 1, 125, 126, 127, 32_767, 32_768])("a frame of %i bytes is a message", (length) => {
  expect(measure(frame(length), frame(1))).toMatchObject({ exceeded: false, messages: 2 });
});

test.each([32_769, 65_535, 65_536, 131_073])("a frame of %i bytes exceeds", (length) => {
  expect(measure(frame(5), frame(length), frame(5))).toMatchObject({ exceeded: true, messages: 1 });
});

test("a length of 2^63 exceeds", () => {
  expect(measure(Buffer.from([0x81, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0])).exceeded).toBe(true);
});

test("headers and payloads may be split anywhere", () => {
  const bytes = Buffer.concat([frame(3), frame(300), frame(0), frame(40, { opcode: PING }), frame(32_769)]);
  const split = Array.from(bytes, (byte) => Buffer.of(byte));
  expect(measure(...split)).toMatchObject({ exceeded: true, messages: 3 });
  for (let at = 1; at < 400; at += 1) {
    const halves = [bytes.subarray(0, at), bytes.subarray(at)];
    expect(measure(...halves)).toMatchObject({ exceeded: true, messages: 3 });
  }
});

test("fragments are one message, of at most 128 KB", () => {
  const first = frame(32_768, { fin: false });
  const middle = frame(32_768, { fin: false, opcode: CONTINUATION });
  const last = frame(32_768, { opcode: CONTINUATION });
  const excess = frame(1, { opcode: CONTINUATION });
  expect(measure(first, middle, middle, last)).toMatchObject({ exceeded: false, messages: 1 });
  expect(measure(first, middle, middle, last, first, last)).toMatchObject({ exceeded: false, messages: 2 });
  expect(measure(first, middle, middle, middle, excess)).toMatchObject({ exceeded: true, messages: 0 });
});

test("a ping between fragments belongs to no message", () => {
  const chunks = [frame(5, { fin: false }), frame(5, { opcode: PING }), frame(5, { opcode: CONTINUATION })];
  expect(measure(...chunks)).toMatchObject({ exceeded: false, messages: 1 });
});
