/** A proof from a file, checked in this browser under the keys of this prover. */

import { useEffect, useState } from "preact/hooks";
import type { PinnedKey } from "../groth16/judgement.ts";
import { CheckPage } from "../pages/check.tsx";
import { ask } from "./asking.ts";
import { Refused } from "./refused.tsx";

export function Check() {
  const [keys, setKeys] = useState<PinnedKey[] | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  useEffect(() => {
    ask<{ keys: PinnedKey[] }>("api/keys").then((told) => setKeys(told.keys), setFailure);
  }, []);
  return (
    <>
      <Refused error={failure} />
      <CheckPage keys={keys} />
    </>
  );
}
