// The shape of what the page takes from htmx.
declare const htmx: {
  process(element: Element): void;
  trigger(element: Element, name: string): void;
  ajax(verb: string, path: string, context: object): Promise<void>;
};
export default htmx;
