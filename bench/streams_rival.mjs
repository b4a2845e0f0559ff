// What the rivals of bench/streams.py in JavaScript share: obeys "rate N" lines and publishes that many
// messages a second, each stamped with its time.
import readline from "node:readline";

const stamp = () => {
  const microseconds = (performance.timeOrigin + performance.now()) * 1000;
  const milliseconds = Math.floor(microseconds / 1000);
  const rest = String(Math.floor(microseconds % 1000)).padStart(3, "0");
  return new Date(milliseconds).toISOString().slice(0, 23) + rest + "Z";
};

export function drive(sample, publish) {
  const at = sample.indexOf('"tsCapture":"') + 13;
  const [head, tail] = [sample.slice(0, at), sample.slice(at + 27)];
  let rate = 0, due = 0, last = performance.now();
  const tick = () => {
    const now = performance.now();
    due += (rate * (now - last)) / 1000;
    last = now;
    for (; due >= 1; --due) publish(head + stamp() + tail);
    setTimeout(tick, 1);
  };
  tick();
  readline.createInterface({ input: process.stdin })
    .on("line", (line) => { rate = Number(line.split(" ")[1]); due = 0; last = performance.now(); console.log("ok"); })
    .on("close", () => process.exit(0));
}
