package archive

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// maxSettled bounds how many folders are remembered.
const maxSettled = 4096

// settle makes a folder durable in those above it, once in a run: not before
// something was written into it: then the file system has mostly done it.
func (k *keeper) settle(path string) error {
	if path == k.dir {
		return nil
	}
	k.mu.Lock()
	done := k.settled[path]
	k.mu.Unlock()
	if done {
		return nil
	}
	above := filepath.Dir(path)
	if err := k.settle(above); err != nil {
		return err
	}
	if err := syncPath(above); err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.settled) >= maxSettled {
		clear(k.settled)
	}
	k.settled[path] = true
	return nil
}

// makeFolder makes a folder, and those above it, durably.
func makeFolder(dir string) error {
	var made []string
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Lstat(at); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		made = append(made, at)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for _, at := range made {
		if err := syncPath(filepath.Dir(at)); err != nil {
			return err
		}
	}
	return nil
}

func syncPath(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return syncFolder(root, ".")
}
