// Sets up the reference. The key that is entered stays in the memory of the page.

interface Auth { ApiKey?: { value: string }; Bearer?: { value: string } }
interface UI { specActions: { updateSpec(text: string): void } }
interface Parameter { required?: boolean; example?: unknown }
interface Document { components: { parameters: Record<string, Parameter> } }
declare const SwaggerUIBundle: ((options: object) => UI) & { presets: { apis: unknown } };

/** Swagger UI sends the examples of what need not be sent, and so a tag of another account: they are taken out. */
function withoutExamples(document: Document): Document {
  for (const p of Object.values(document.components.parameters)) if (!p.required) delete p.example;
  return document;
}

/** Once a key is in, the document of its company takes the place of the general one. */
const ownDocument = () => ({
  statePlugins: {
    auth: {
      wrapActions: {
        authorize: (authorize: (auth: Auth) => void) => (auth: Auth) => {
          authorize(auth);
          const key = auth.ApiKey?.value ?? auth.Bearer?.value;
          if (key) void showOwn(key);
        },
      },
    },
  },
});

const ui = SwaggerUIBundle({
  spec: withoutExamples(await (await fetch('../openapi.json')).json()),
  dom_id: '#reference',
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [ownDocument],
  validatorUrl: null,
  deepLinking: true,
  filter: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  persistAuthorization: false,
  syntaxHighlight: { activated: false },
});

async function showOwn(key: string): Promise<void> {
  const answer = await fetch('../openapi.json?custom=true', { headers: { 'x-api-key': key }, credentials: 'omit' });
  if (answer.ok) ui.specActions.updateSpec(JSON.stringify(withoutExamples(await answer.json())));
}

/** Names what Swagger UI leaves without a name for those who cannot see it, and lets the keyboard into what scrolls. */
function addNames(): void {
  const names: [string, (e: Element) => string][] = [
    ['tr[data-param-name] :is(select, input, textarea):not([aria-label])', e => e.closest('tr')!.dataset.paramName!],
    ['#servers:not([aria-label])', () => 'Server'],
    ['.examples-select-element:not([aria-label])', () => 'Example'],
    ['.content-type:not([aria-label])', () => 'Media type'],
    ['textarea.body-param__text:not([aria-label])', () => 'Body'],
  ];
  for (const [which, of] of names) for (const e of document.querySelectorAll(which)) e.setAttribute('aria-label', of(e));
  for (const e of document.querySelectorAll('.microlight:not([tabindex])')) e.setAttribute('tabindex', '0');
}

new MutationObserver(addNames).observe(document.getElementById('reference')!, { childList: true, subtree: true });

export {};
