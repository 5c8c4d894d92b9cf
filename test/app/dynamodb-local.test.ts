import { mainPath } from "./main-path.ts";

mainPath("java");
