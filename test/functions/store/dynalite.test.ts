import { openStorage } from "../../storage.ts";
import { storageContract } from "./contract.ts";

storageContract("dynalite", () => openStorage("dynalite"));
