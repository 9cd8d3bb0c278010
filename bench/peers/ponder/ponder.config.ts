import { createConfig } from "ponder";
import { vvv } from "./abi";

// Ponder asks each node 20 times a second at first and a little more often every ten seconds. The chain lies in memory behind a
// node that is to be spared nothing, so it is given as many.
const nodes = Array.from({ length: 100 }, (_, number) => `${process.env.RPC_URL}/?node=${number}`);

export default createConfig({
  database: { kind: "postgres", connectionString: process.env.DATABASE_URL },
  chains: { base: { id: 8453, rpc: nodes } },
  contracts: {
    VVV: {
      chain: "base",
      abi: vvv,
      address: process.env.VVV as `0x${string}`,
      startBlock: 1,
      endBlock: Number(process.env.END_BLOCK),
    },
  },
});
