// A consumer that misses nothing and takes nothing twice: keeps the state of each order in a file.
//   node follow.mjs http://127.0.0.1:7400 orders.json
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";

const [server, file, stopAt] = process.argv.slice(2); // stopAt: for tests, a position to stop at
const state = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { position: 0, shipments: {} };

function apply(event) {
  if (event.type !== "UnitsShipped") return;
  const order = event.data.order_id;
  state.shipments[order] = (state.shipments[order] ?? 0) + 1;
}

// What follows from the events and the place are written together, and replace the old file at once.
function keep() {
  writeFileSync(`${file}.new`, JSON.stringify(state));
  renameSync(`${file}.new`, file);
}

const done = () => stopAt !== undefined && state.position >= Number(stopAt);
while (!done()) {
  try {
    const answer = await fetch(`${server}/v1/events?after=${state.position}&follow=true`);
    if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
    let rest = "";
    for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop(); // not yet whole
      for (const line of lines) {
        const { position, event } = JSON.parse(line);
        apply(event);
        state.position = position;
      }
      keep();
      if (done()) break;
    }
  } catch (error) {
    console.error(`trying again: ${error.message}`);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}
