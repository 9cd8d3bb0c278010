// What Ponder's own ERC-20 example keeps: every transfer, and both parties' balances of today.
import { ponder } from "ponder:registry";
import { account, transfer } from "ponder:schema";

const NOBODY = "0x0000000000000000000000000000000000000000";

ponder.on("VVV:Transfer", async ({ event, context }) => {
  const { from, to, value } = event.args;
  if (from !== NOBODY) {
    await context.db.update(account, { address: from }).set((row) => ({ balance: row.balance - value }));
  }
  await context.db
    .insert(account)
    .values({ address: to, balance: value })
    .onConflictDoUpdate((row) => ({ balance: row.balance + value }));
  await context.db.insert(transfer).values({
    id: event.id,
    blockNumber: event.block.number,
    sender: from,
    recipient: to,
    amount: value,
  });
});
