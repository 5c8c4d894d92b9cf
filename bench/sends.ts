import { setTimeout } from "node:timers/promises";
import { watchCpu } from "./cpu.ts";
import { auditAll, type Pair } from "./pairs.ts";
import { progress } from "./progress.ts";
import { quantiles } from "./quantiles.ts";
import type { SendsResult } from "./results.ts";
import type { System } from "./system.ts";

interface Noted {
  answers: number[];
  deliveries: number[];
  refused: Record<string, number>;
}

/**
 * An open loop: each send begins at its own time, whatever has become of those before, and its clock at the time at
 * which it was meant to begin. So a system that stalls is charged for all who would have had to wait.
 */
export async function sendAtRate(
  system: System,
  { pairs, rate, seconds }: { pairs: readonly Pair[]; rate: number; seconds: number },
): Promise<SendsResult> {
  const name = `rate-${rate}`;
  return measured(system, { kind: "rate", name, load: rate, pairs }, async (noted) => {
    const underWay: Promise<void>[] = [];
    const beganAtMs = performance.now();
    for (let index = 0; index < rate * seconds; index++) {
      const intendedAtMs = beganAtMs + (index * 1000) / rate;
      const waitMs = intendedAtMs - performance.now();
      if (waitMs > 1) await setTimeout(waitMs);
      underWay.push(send(pairOf(pairs, index), { text: `${name} ${beganAtMs} ${index}`, intendedAtMs, noted }));
      if (index % rate === 0) progress(name, `${index / rate} of ${seconds} s`);
    }
    await Promise.all(underWay);
  });
}

/** A closed loop: so many senders, each sending again as soon as it is answered. */
export async function sendInTurn(
  system: System,
  { pairs, senders, seconds }: { pairs: readonly Pair[]; senders: number; seconds: number },
): Promise<SendsResult> {
  const name = `senders-${senders}`;
  return measured(system, { kind: "senders", name, load: senders, pairs }, async (noted) => {
    const beganAtMs = performance.now();
    const untilMs = beganAtMs + seconds * 1000;
    await Promise.all(
      Array.from({ length: senders }, async (_, sender) => {
        for (let index = 0; performance.now() < untilMs; index++) {
          const intendedAtMs = performance.now();
          await send(pairOf(pairs, sender), { text: `${name} ${beganAtMs} ${sender} ${index}`, intendedAtMs, noted });
          if (sender === 0) progress(name, `${Math.floor((intendedAtMs - beganAtMs) / 1000)} of ${seconds} s`);
        }
      }),
    );
  });
}

function pairOf(pairs: readonly Pair[], index: number): Pair {
  const pair = pairs[index % pairs.length];
  if (pair === undefined) throw new Error("There is no pair to send");
  return pair;
}

/** No two texts are the same: by them a message that is there twice is known. */
async function send(
  pair: Pair,
  { text, intendedAtMs, noted }: { text: string; intendedAtMs: number; noted: Noted },
): Promise<void> {
  const onDelivery = (ms: number) => void noted.deliveries.push(ms);
  const status = await pair.send(text, { intendedAtMs, onDelivery }).catch((error: Error) => error.message);
  if (status === 201) noted.answers.push(performance.now() - intendedAtMs);
  else noted.refused[status] = (noted.refused[status] ?? 0) + 1;
}

async function measured(
  system: System,
  { pairs, ...about }: Pick<SendsResult, "kind" | "name" | "load"> & { pairs: readonly Pair[] },
  work: (noted: Noted) => Promise<void>,
): Promise<SendsResult> {
  const noted: Noted = { answers: [], deliveries: [], refused: {} };
  const pushedBefore = pushesOf(pairs);
  const cpuUsed = watchCpu(system);
  const beganAtMs = performance.now();
  await work(noted);
  const seconds = (performance.now() - beganAtMs) / 1000;
  const sent = noted.answers.length;
  const cpuMs = cpuUsed(sent);
  const faults = await auditAll(pairs);
  const pushes = pushesOf(pairs);
  return {
    ...about,
    seconds,
    sent,
    perSecond: sent / seconds,
    answerMs: quantiles(noted.answers),
    deliveryMs: quantiles(noted.deliveries),
    refused: noted.refused,
    faults,
    pushes: {
      repeated: pushes.repeated - pushedBefore.repeated,
      overtaken: pushes.overtaken - pushedBefore.overtaken,
    },
    cpuMs,
  };
}

function pushesOf(pairs: readonly Pair[]) {
  const of = (name: "repeated" | "overtaken") => pairs.reduce((total, { pushes }) => total + pushes[name], 0);
  return { repeated: of("repeated"), overtaken: of("overtaken") };
}
