// Sets up the reference. The key that is entered stays in the memory of the page.

interface Auth { ApiKey?: { value: string }; Bearer?: { value: string } }
interface UI { specActions: { updateSpec(text: string): void } }
declare const SwaggerUIBundle: ((options: object) => UI) & { presets: { apis: unknown } };

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
  url: '../openapi.json',
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
  if (answer.ok) ui.specActions.updateSpec(await answer.text());
}
