// SPDX-License-Identifier: GPL-2.0-or-later

// Reads our heads with the note and tree code of Go's checksum database, which shares nothing with ours.
// Usage: c2sp REQUEST OLD-NOTE [NOTE IDENTITY-KEY ONE-TIME-KEY]... (keys in hex, as a journal certifies them)
package main

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func need(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func read(path string) string {
	text, err := os.ReadFile(path)
	need(err)
	return string(text)
}

func verifier(name, key string) note.Verifier {
	raw, err := hex.DecodeString(key)
	need(err)
	text, err := note.NewEd25519VerifierKey(name, raw)
	need(err)
	made, err := note.NewVerifier(text)
	need(err)
	return made
}

func tree(text string) (int64, tlog.Hash) {
	lines := strings.Split(text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	need(err)
	root, err := tlog.ParseHash(lines[2])
	need(err)
	return size, root
}

func main() {
	notes := 0
	for rest := os.Args[3:]; len(rest) > 0; rest = rest[3:] {
		text := read(rest[0])
		origin := text[:strings.Index(text, "\n")]
		known := note.VerifierList(verifier(origin, rest[1]), verifier(origin+"/once", rest[2]))
		opened, err := note.Open([]byte(text), known)
		need(err)
		if len(opened.Sigs) != 2 || len(opened.UnverifiedSigs) != 0 {
			need(fmt.Errorf("%s: not both signatures are verified", rest[0]))
		}
		notes++
	}
	asked, signed, _ := strings.Cut(read(os.Args[1]), "\n\n")
	var proof tlog.TreeProof
	for _, line := range strings.Split(asked, "\n")[1:] {
		raw, err := base64.StdEncoding.DecodeString(line)
		need(err)
		var hash tlog.Hash
		copy(hash[:], raw)
		proof = append(proof, hash)
	}
	size, root := tree(signed)
	oldSize, oldRoot := tree(read(os.Args[2]))
	need(tlog.CheckTree(proof, size, root, oldSize, oldRoot))
	fmt.Printf("%d notes with both signatures, 1 consistency proof\n", notes)
}
