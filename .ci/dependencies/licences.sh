#!/usr/bin/env bash
# Fails unless each module that the programs link, and each package that the console
# bundles, has a licence that lets them be handed out under Apache-2.0.
set -euo pipefail
cd "$(dirname "$0")/../.."

# kind names the licence that a text is, if it is one of those allowed.
kind() {
	local text
	text=$(tr -s '[:space:]' ' ')
	case $text in
	*'GNU GENERAL PUBLIC'* | *'GNU AFFERO'* | *'GNU LESSER'* | *'Commons Clause'* | *'Business Source'*) return 1 ;;
	*'Apache License Version 2.0'* | *'Apache License, Version 2.0'*) echo Apache-2.0 ;;
	*'Mozilla Public License Version 2.0'* | *'Mozilla Public License, version 2.0'*) echo MPL-2.0 ;; # of files, which stay as they are
	*'Permission is hereby granted, free of charge'*) echo MIT ;;
	*'Redistribution and use in source and binary forms'*) echo BSD ;;
	*'Permission to use, copy, modify, and/or distribute'* | *'Permission to use, copy, modify, and distribute'*) echo ISC ;;
	*) return 1 ;;
	esac
}

# A check that allows all would not be one.
for text in 'GNU AFFERO GENERAL PUBLIC LICENSE Version 3' 'All rights reserved.' ''; do
	if kind <<<"$text" >/dev/null; then
		echo "the licence \"$text\" is allowed"
		exit 1
	fi
done

# linked FOLDER PROGRAM...: the modules that programs of the one in a folder link, and where they are.
linked() {
	"${GO:-go}" list -C "$1" -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Dir}}{{end}}{{end}}' "${@:2}"
}

wrong=0
while read -r module dir; do
	found=
	for file in "$dir"/[Ll][Ii][Cc][Ee][Nn][CcSs][Ee]* "$dir"/COPYING*; do
		[ -f "$file" ] || continue
		found=$(kind <"$file") && break
	done
	if [ -z "$found" ]; then
		echo "$module has no licence that is allowed: see $dir"
		wrong=1
	fi
	echo "${found:-none}" >&3
done 3> >(sort | uniq -c) < <({ linked . ./server/cmd/accountsd ./client/cmd/accounts; linked client/mcp ./accounts-mcp; } | sort -u)

# The lock file names the licences of what the console needs.
if ! node -e '
	const packages = JSON.parse(fs.readFileSync("server/console/package-lock.json")).packages
	const wrong = Object.entries(packages).filter(([name, p]) => name && !p.dev && !/^(Apache-2.0|MIT|BSD-[23]-Clause|ISC)$/.test(p.license))
	for (const [name, {license}] of wrong) console.log(`${name} of the console has the licence ${license}`)
	process.exit(wrong.length && 1)'; then
	wrong=1
fi
exit $wrong
