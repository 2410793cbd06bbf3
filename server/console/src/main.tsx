import { render } from 'preact';
import { App } from './app';
import { resume } from './session';

await resume();
render(<App />, document.getElementById('app')!);
