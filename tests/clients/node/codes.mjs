// The codes of an authenticator app (RFC 6238). The server takes each step once, and the next one a little early.

import { createHmac } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

let lastStep = 0;
export async function code(secret) {
  const bits = [...secret.replaceAll(" ", "")].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const now = () => Math.floor(Date.now() / 30_000);
  const step = Math.max(lastStep + 1, now());
  while (step > now() + 1) await sleep(500);
  lastStep = step;
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const digest = createHmac("sha1", key).update(counter).digest();
  const number = digest.readUInt32BE(digest[19] & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}
