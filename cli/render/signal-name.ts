import { constants } from 'node:os';

/** `TERM` for 15; the number itself where it has no name here. */
export function signalName(number: number): string {
  const name = Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
  return name === undefined ? String(number) : name.slice('SIG'.length);
}

/** 15 for `TERM`, `SIGTERM` or `15`; undefined for what is no signal. */
export function signalNumber(text: string): number | undefined {
  const number = /^[0-9]{1,2}$/.test(text)
    ? Number(text)
    : constants.signals[`SIG${text.toUpperCase().replace(/^SIG/, '')}` as keyof typeof constants.signals];
  return number !== undefined && number >= 1 && number <= 64 ? number : undefined;
}
