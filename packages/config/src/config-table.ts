import { type KeySpec } from './key-spec';
import { type AnySchema } from './schema';

/** A schema as a Markdown table: key, default, kind and unit, meaning. Keys without effect say why. */
export function configTable({ keys }: AnySchema): string {
  const rows = Object.entries(keys).map(
    ([key, spec]) => `| ${key} | ${shownDefault(spec)} | ${kindOf(spec)} | ${meaning(spec)} |`,
  );
  return ['| key | default | kind | meaning |', '|---|---|---|---|', ...rows].join('\n');
}

function shownDefault(spec: KeySpec<unknown>): string {
  if (spec.shown !== undefined) return spec.shown;
  if (spec.fallback === undefined || typeof spec.fallback === 'function') return '–';
  return spec.fallback === '' ? '""' : `\`${String(spec.fallback)}\``;
}

function kindOf({ kind, unit }: KeySpec<unknown>): string {
  return cell(unit === undefined ? kind : `${kind}, ${unit}`);
}

function meaning({ doc, accepted, reason }: KeySpec<unknown>): string {
  return cell(accepted === undefined ? doc : `${doc}. *No effect:* ${reason ?? ''}`);
}

function cell(text: string): string {
  return text.replace(/\|/g, '\\|').replace(/</g, '&lt;');
}
