/** How moments, digests and numbers are written for a person. */

export function writeMoment(seconds: number | null): string {
  return seconds === null ? "earlier" : `${new Date(1000 * seconds).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** A span as a clock shows it; what is over is said so. */
export function writeSpan(seconds: number): string {
  if (seconds <= 0) return "over";
  const [days, hours, minutes] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  const rest = [hours, minutes, seconds % 60].map((part) => String(part).padStart(2, "0")).join(":");
  return days > 0 ? `${days} d ${rest}` : rest;
}

export function writeAge(seconds: number): string {
  if (seconds < 100) return `${Math.max(0, seconds)} s ago`;
  return seconds < 6000 ? `${Math.floor(seconds / 60)} min ago` : `${writeSpan(seconds)} ago`;
}

/** A span as a person would say it. */
export function writeRoughly(seconds: number): string {
  return seconds < 100 ? `the last ${seconds} seconds` : `the last ${Math.round(seconds / 60)} minutes`;
}

export function shorten(digits: string): string {
  return digits.length > 20 ? `${digits.slice(0, 10)}\u2026${digits.slice(-6)}` : digits;
}

/** A decimal with its thousands apart. */
export function writeNumber(value: string | number): string {
  const [, sign = "", whole = "", rest = ""] = /^(-?)(\d+)(.*)$/.exec(String(value)) ?? [];
  return whole ? `${sign === "-" ? "\u2212" : ""}${whole.replace(/\B(?=(\d{3})+$)/g, "\u202f")}${rest}` : String(value);
}

export function writeHashes(count: number): string {
  return count === 1 ? "1 hash" : `${count} hashes`;
}

export function writePpm(ppm: number): string {
  return `${ppm / 10_000} %`;
}

export function writePolicy(policy: { requirement: string; shock_ppm: number; buffer_ppm: number }): string {
  const more = [
    policy.shock_ppm > 0 ? `after a move of ${writePpm(policy.shock_ppm)}` : "",
    policy.buffer_ppm > 0 ? `with ${writePpm(policy.buffer_ppm)} to spare` : "",
  ].filter(Boolean);
  return [`${policy.requirement} margin`, ...more].join(", ");
}
