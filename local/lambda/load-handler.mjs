// @ts-check
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";

/** In the order in which the Node.js runtime of Lambda looks for them (aws-lambda-nodejs-runtime-interface-client). */
const EXTENSIONS = [".js", ".mjs", ".cjs"];

/**
 * An error whose name is one of the error types that the Node.js runtime of Lambda reports.
 *
 * @param {string} type
 * @param {string} message
 * @param {ErrorOptions} [options]
 */
export function runtimeError(type, message, options) {
  const error = new Error(message, options);
  error.name = `Runtime.${type}`;
  return error;
}

/**
 * Loads the function that a handler string names: `index.handler`, `folder/index.handler`, `index.group.handler`.
 *
 * @param {string} directory absolute path of the function's code
 * @param {string} handler
 * @returns {Promise<Function>}
 * @throws Runtime.MalformedHandlerName, Runtime.ImportModuleError, Runtime.UserCodeSyntaxError,
 *   Runtime.HandlerNotFound, or whatever the module throws while it loads
 */
export async function loadHandler(directory, handler) {
  const [, modulePath, exportPath] = /^((?:.*\/)?[^./]+)\.([^/]+)$/.exec(handler) ?? [];
  if (modulePath === undefined || exportPath === undefined) {
    throw runtimeError("MalformedHandlerName", `Bad handler '${handler}': expected 'module.export'`);
  }
  const module = await importModule(directory, modulePath);
  const keys = exportPath.split(".");
  // The default export of a CommonJS module is its `module.exports`, where exports that Node did not detect are found.
  const found = property(module, keys) ?? property(module.default, keys);
  if (found === undefined || found === null) {
    throw runtimeError("HandlerNotFound", `${handler} is undefined or not exported`);
  }
  if (typeof found !== "function") throw runtimeError("HandlerNotFound", `${handler} is not a function`);
  return found;
}

/**
 * @param {string} directory
 * @param {string} modulePath
 */
async function importModule(directory, modulePath) {
  const file = EXTENSIONS.map((extension) => join(directory, modulePath + extension)).find(existsSync);
  if (file === undefined) {
    const tried = EXTENSIONS.map((extension) => basename(modulePath) + extension).join(", ");
    throw runtimeError("ImportModuleError", `Error: Cannot find module '${modulePath}' (tried ${tried})`);
  }
  try {
    return await import(pathToFileURL(file).href);
  } catch (error) {
    if (error instanceof SyntaxError) throw runtimeError("UserCodeSyntaxError", String(error), { cause: error });
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "MODULE_NOT_FOUND" || code === "ERR_MODULE_NOT_FOUND") {
      throw runtimeError("ImportModuleError", String(error), { cause: error });
    }
    throw error;
  }
}

/**
 * @param {any} object
 * @param {string[]} keys
 */
function property(object, keys) {
  return keys.reduce((value, key) => value?.[key], object);
}
