/**
 * Sorts members by name at every depth. Java's maps have another order in each run, which would change the template and deploy again.
 * Lists, tokens and other objects stay as they are.
 */
export function inNameOrder<T>(value: T): T {
  if (Array.isArray(value)) {
    return value.map((element) => inNameOrder(element as unknown)) as T;
  }
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    const members = Object.entries(value).sort(([name], [other]) => (name < other ? -1 : 1));
    return Object.fromEntries(members.map(([name, member]) => [name, inNameOrder(member as unknown)])) as T;
  }
  return value;
}
