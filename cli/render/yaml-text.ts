/** A document as YAML. The library is loaded only where somebody asks for it: every start would pay for it. */
export async function yamlText(document: unknown): Promise<string> {
  const { stringify } = await import('yaml');
  return stringify(document);
}
