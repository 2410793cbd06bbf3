import { useEffect, useState } from 'preact/hooks';
import { allKeys } from '../api';

/** The names of the keys that the user may see, by their ids. */
export function useKeyNames(): Map<number, string> {
  const [names, setNames] = useState(new Map<number, string>());
  useEffect(() => {
    allKeys().then(keys => setNames(new Map(keys.map(k => [k.id, k.name || `${k.prefix}…`]))), () => {});
  }, []);
  return names;
}
