/** What the device says of its network. A hint: `true` does not mean that the server can be reached. */
export interface Network {
  /** False where the device knows that it has none. */
  isOnline(): boolean;
  /** Calls `listener` whenever `isOnline` may answer otherwise than before. The function that is answered ends that. */
  onChange(listener: () => void): () => void;
}

/** The few members of a browser's global scope that are read here; Node has none of them. */
interface Scope {
  navigator?: { onLine?: boolean };
  addEventListener?(type: string, listener: () => void): void;
  removeEventListener?(type: string, listener: () => void): void;
}

/** `navigator.onLine` and the events `online` and `offline`, where there are any; else always online. */
export const deviceNetwork: Network = {
  isOnline: () => (globalThis as Scope).navigator?.onLine !== false,
  onChange(listener) {
    const scope = globalThis as Scope;
    for (const type of ["online", "offline"]) scope.addEventListener?.(type, listener);
    return () => {
      for (const type of ["online", "offline"]) scope.removeEventListener?.(type, listener);
    };
  },
};
