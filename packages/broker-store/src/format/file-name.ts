/** Start offset of a file as its name: 20 decimal digits. @source UtilAll.offset2FileName */
export function fileName(startOffset: number): string {
  return String(startOffset).padStart(20, '0');
}

/** The start offset a name stands for, or undefined when it is no such name. */
export function startOffsetOf(name: string): number | undefined {
  return /^\d{1,20}$/.test(name) ? Number(name) : undefined;
}

/** The folder a path lies in. */
export function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}
