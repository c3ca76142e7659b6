import { RefusedError } from "./asking.ts";

/** Why there is no answer, in the words of whoever refused. */
export function Refused({ error }: { error: unknown }) {
  if (error === null) return null;
  if (!(error instanceof RefusedError)) {
    return (
      <p class="notice bad" role="alert">
        The prover does not answer. Does <code>ringfence prover serve</code> still run?
      </p>
    );
  }
  const { reason, field, expected } = error.refusal;
  return (
    <p class="notice bad" role="alert">
      Expected {expected}. {reason && <small>({[reason, field].filter(Boolean).join(", ")})</small>}
    </p>
  );
}
