// Verifier checks the folder of a ledger with Go's own packages for transparency logs: the signature of the checkpoint, every
// tile that the root follows from, and the hash of every entry. It shares no code with the product.
//
// Usage: verifier KEY FOLDER
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// height is that of c2sp.org/tlog-tiles: 256 hashes in a tile.
const height = 8

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: verifier KEY FOLDER")
		os.Exit(2)
	}
	tree, err := verify(os.Args[1], os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	fmt.Printf("%d entries, root %s\n", tree.N, tree.Hash)
}

// verify returns the tree of a folder of which every entry follows from the signed checkpoint.
func verify(key, folder string) (tlog.Tree, error) {
	tree, err := checkpoint(key, folder)
	if err != nil || tree.N == 0 {
		return tree, err
	}
	reader := tlog.TileHashReader(tree, tiles{folder})
	for first := int64(0); first < tree.N; first += 1 << height {
		width := min(tree.N-first, 1<<height)
		indexes := make([]int64, width)
		for i := range indexes {
			indexes[i] = tlog.StoredHashIndex(0, first+int64(i))
		}
		hashes, err := reader.ReadHashes(indexes) // authenticated: each follows from the root
		if err != nil {
			return tree, err
		}
		bundle, err := os.ReadFile(filepath.Join(folder, path("tile/entries", first>>height, width)))
		if err != nil {
			return tree, err
		}
		for i := range indexes {
			if len(bundle) < 2 || len(bundle) < 2+int(binary.BigEndian.Uint16(bundle)) {
				return tree, fmt.Errorf("entry %d is cut off", first+int64(i))
			}
			end := 2 + int(binary.BigEndian.Uint16(bundle))
			if tlog.RecordHash(bundle[2:end]) != hashes[i] {
				return tree, fmt.Errorf("entry %d is not that of the signed tree", first+int64(i))
			}
			bundle = bundle[end:]
		}
		if len(bundle) != 0 {
			return tree, fmt.Errorf("the bundle of entry %d has more than its entries", first)
		}
	}
	return tree, nil
}

// checkpoint returns the tree of the signed checkpoint.
func checkpoint(key, folder string) (tlog.Tree, error) {
	var tree tlog.Tree
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return tree, err
	}
	content, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	if err != nil {
		return tree, err
	}
	signed, err := note.Open(content, note.VerifierList(verifier))
	if err != nil {
		return tree, err
	}
	lines := strings.Split(signed.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		return tree, fmt.Errorf("this is no checkpoint of %s", verifier.Name())
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return tree, err
	}
	tree.Hash, err = tlog.ParseHash(lines[2])
	return tree, err
}

// tiles reads the tiles of a folder.
type tiles struct{ folder string }

func (t tiles) Height() int { return height }

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	found := make([][]byte, len(wanted))
	for i, tile := range wanted {
		name := path("tile/"+strconv.Itoa(tile.L), tile.N, int64(tile.W))
		content, err := os.ReadFile(filepath.Join(t.folder, name))
		if os.IsNotExist(err) { // the part may have been removed, because the tile is full
			content, err = os.ReadFile(filepath.Join(t.folder, path("tile/"+strconv.Itoa(tile.L), tile.N, 1<<height)))
		}
		if err != nil {
			return nil, err
		}
		if size := tile.W * tlog.HashSize; len(content) > size {
			content = content[:size]
		}
		found[i] = content
	}
	return found, nil
}

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

// path returns the path of a tile or a bundle, as c2sp.org/tlog-tiles has it.
func path(folder string, number, width int64) string {
	digits := fmt.Sprintf("%03d", number%1000)
	for number /= 1000; number > 0; number /= 1000 {
		digits = fmt.Sprintf("x%03d/%s", number%1000, digits)
	}
	name := folder + "/" + digits
	if width < 1<<height {
		name += fmt.Sprintf(".p/%d", width)
	}
	return name
}
