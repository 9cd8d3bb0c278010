// How figures are written. Amounts are strings of base units and are never made floats.

export const ONE = 10n ** 18n;
export const FINE_DIGITS = 6;

export const grouped = (digits) => digits.replace(/\B(?=(\d{3})+$)/g, ",");

/** Base units as tokens, cut after some digits: never more than there is. */
export function token(units, digits = 2) {
  if (units === null || units === undefined) return "unknown";
  const value = BigInt(units);
  const fraction = (value % ONE).toString().padStart(18, "0").slice(0, digits);
  return grouped((value / ONE).toString()) + (digits ? "." + fraction : "");
}

/** Without zeros at the end. A small amount keeps the digits that make it one. */
export function fineToken(units, digits = FINE_DIGITS) {
  if (units === null || units === undefined) return "unknown";
  const value = BigInt(units);
  const isDust = value > 0n && value < 10n ** BigInt(18 - digits);
  const text = token(units, isDust ? 18 : digits);
  return text.replace(/\.?0+$/, (zeros) => (text.includes(".") ? "" : zeros));
}

/** "0.294900000000000000" as "29.49 %". */
export function percent(ratio, digits = 2) {
  if (ratio === null || ratio === undefined) return "–";
  const [whole, fraction] = ratio.split(".");
  const shifted = BigInt(whole + fraction.slice(0, 2)).toString();
  return `${shifted}.${fraction.slice(2, 2 + digits)} %`;
}

/** "4.000000000000000000" as "$4.00". */
export function dollars(usd, digits = 2) {
  const [whole, fraction] = usd.split(".");
  return `$${grouped(whole)}.${fraction.slice(0, digits)}`;
}

export const integer = (value) => (value === null ? "unknown" : grouped(String(value)));

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "unknown";
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)} h`;
  return `${grouped(String(Math.floor(seconds / 86400)))} days`;
}

export const time = (text) => text.replace("T", " ").replace("Z", " UTC");
