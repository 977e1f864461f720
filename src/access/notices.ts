import type { KeyId, OrganizationId, SessionId, UserId } from "../core/id.ts";
import type { Caller } from "./may.ts";

/** Whose access is another one since a commit: what they may, or whether they may come in at all. `door` is everybody's. */
export type AccessChange =
  | { readonly kind: "organization"; readonly id: OrganizationId }
  | { readonly kind: "user"; readonly id: UserId }
  | { readonly kind: "key"; readonly id: KeyId }
  | { readonly kind: "session"; readonly id: SessionId }
  | { readonly kind: "door" };

/** Tells within this process whose access has changed, right after the commit and before anybody can read what it left. */
export interface AccessNotices {
  tell(changes: readonly AccessChange[]): void;
  /** Calls `listener` with what changes from now on, in the order of the commits; it must not throw. Returns what ends it. */
  listen(listener: (changes: readonly AccessChange[]) => void): () => void;
}

/** {@link AccessNotices} that nobody listens to yet. */
export function createAccessNotices(): AccessNotices {
  const listeners = new Set<(changes: readonly AccessChange[]) => void>();
  return {
    tell(changes) {
      for (const listener of listeners) listener(changes);
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Whether a change is one of what this caller may. Of one that is, the door has to be asked again. */
export function concerns(change: AccessChange, { organizationId, userId, proof }: Caller): boolean {
  switch (change.kind) {
    case "organization":
      return organizationId === change.id;
    case "user":
      return userId === change.id;
    case "key":
      return "keyId" in proof && proof.keyId === change.id;
    case "session":
      return proof.kind === "session" && proof.sessionId === change.id;
    case "door":
      return proof.kind === "open";
  }
}
