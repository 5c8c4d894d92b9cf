import { mainPath } from "./main-path.ts";

mainPath("dynalite");
