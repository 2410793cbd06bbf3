// Writes a database for govulncheck from the entries of golang.org/x/vulndb:
// node vulndb.mjs FOLDER-OF-ENTRIES FOLDER-TO-WRITE
import {cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from "node:fs"

const [entries, database] = process.argv.slice(2)
mkdirSync(`${database}/index`, {recursive: true})
cpSync(entries, `${database}/ID`, {recursive: true})
const modules = new Map()
for (const file of readdirSync(entries)) {
	const entry = JSON.parse(readFileSync(`${entries}/${file}`, "utf8"))
	for (const {package: {name}} of entry.affected) {
		// Without the version that mends it, the entry itself is looked at.
		modules.set(name, [...(modules.get(name) ?? []), {id: entry.id, modified: entry.modified}])
	}
}
const list = [...modules].sort().map(([path, vulns]) => ({path, vulns}))
writeFileSync(`${database}/index/modules.json`, JSON.stringify(list))
writeFileSync(`${database}/index/db.json`, JSON.stringify({modified: new Date().toISOString()}))
