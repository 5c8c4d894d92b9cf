import { memoryStores } from "../../simulation/memory-stores.ts";
import { storageContract } from "./contract.ts";

storageContract("in memory, for the simulation", async () => ({ ...memoryStores(), close: async () => undefined }));
