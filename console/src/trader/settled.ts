import { useEffect, useRef, useState } from "preact/hooks";

const PAUSE_MILLISECONDS = 150;

/** The answer to what was asked last, once it is no longer being changed; what was answered before stays until then. */
export function useSettled<T>(question: string, ask: () => Promise<T>): { value: T | null; failure: unknown; of: string } {
  const [known, setKnown] = useState<{ value: T | null; failure: unknown; of: string }>({ value: null, failure: null, of: "" });
  const newest = useRef("");
  useEffect(() => {
    newest.current = question;
    const timer = setTimeout(
      () => {
        ask().then(
          (value) => newest.current === question && setKnown({ value, failure: null, of: question }),
          (failure: unknown) => newest.current === question && setKnown((before) => ({ ...before, failure, of: question })),
        );
      },
      known.of === "" ? 0 : PAUSE_MILLISECONDS,
    );
    return () => clearTimeout(timer);
  }, [question]);
  return known;
}
