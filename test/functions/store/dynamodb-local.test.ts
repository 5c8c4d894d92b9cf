import { openStorage } from "../../storage.ts";
import { storageContract } from "./contract.ts";

storageContract("DynamoDB Local", () => openStorage("java"));
