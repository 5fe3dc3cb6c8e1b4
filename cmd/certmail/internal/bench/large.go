package bench

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// large measures files: each contestant a whole file a turn.
func (r *run) large() error {
	defer oneCore()()
	names := []string{"wall/verify", "stream/lf", "stream/irregular"}
	if r.subject.Build == nil || r.subject.VerifyFile == nil {
		for _, name := range names {
			r.results.miss(name, notWired)
		}
		return nil
	}
	file := filepath.Join(r.dir, "large.eml")
	if err := r.envelope(file, regularLines); err != nil {
		return fmt.Errorf("the large message: %w", err)
	}
	if err := r.fairFile(file); err != nil {
		return err
	}
	if err := r.walls(file); err != nil {
		return err
	}
	lf := filepath.Join(r.dir, "lf.eml")
	if err := dropCR(file, lf); err != nil {
		return err
	}
	if err := r.streams("stream/lf", lf); err != nil {
		return err
	}
	if err := os.Remove(lf); err != nil {
		return err
	}
	irregular := filepath.Join(r.dir, "irregular.eml")
	if err := r.envelope(irregular, irregularLines); err != nil {
		return fmt.Errorf("the large message: %w", err)
	}
	if err := r.streams("stream/irregular", irregular); err != nil {
		return err
	}
	return os.Remove(irregular)
}

// envelope builds a large transport envelope.
func (r *run) envelope(file string, body func(io.Writer, int64) error) error {
	original, err := os.Create(file + ".original")
	if err != nil {
		return err
	}
	defer original.Close()
	if err := writeOriginal(original, r.Large, body); err != nil {
		return err
	}
	info, err := original.Stat()
	if err != nil {
		return err
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(out, 1<<20)
	err = r.subject.Build(w, original, info.Size())
	return errors.Join(err, w.Flush(), out.Close())
}

// fairFile sees that the file verifies, and no longer does with a bit flipped.
func (r *run) fairFile(file string) error {
	if err := r.subject.VerifyFile(file); err != nil {
		return &contestError{"large file", err}
	}
	flip := func() error {
		f, err := os.OpenFile(file, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		var b [1]byte
		_, err = f.ReadAt(b[:], r.Large/2)
		b[0] ^= 1
		if err == nil {
			_, err = f.WriteAt(b[:], r.Large/2)
		}
		return errors.Join(err, f.Close())
	}
	if err := flip(); err != nil {
		return err
	}
	if r.subject.VerifyFile(file) == nil {
		return &contestError{"large file", errors.New("an altered message verifies")}
	}
	return flip()
}

// walls measures processes from start to end, in seconds.
func (r *run) walls(file string) error {
	for _, name := range []string{"wall/dgst", "wall/cms"} {
		if r.openssl.noCommand != "" {
			r.results.miss(name, r.openssl.noCommand)
		}
	}
	type turn struct {
		name string
		run  func() error
	}
	turns := []turn{{"wall/verify", func() error {
		_, err := r.child(childVerify, file)
		return err
	}}}
	if r.openssl.noCommand == "" {
		turns = append(turns,
			turn{"wall/dgst", func() error { return r.openssl.digest(file) }},
			turn{"wall/cms", func() error { return r.openssl.verify(file) }})
	}
	for range r.Rounds {
		for _, t := range turns {
			if err := r.ctx.Err(); err != nil {
				return err
			}
			start := time.Now()
			if err := t.run(); err != nil {
				return &contestError{t.name, err}
			}
			r.results.record(t.name, time.Since(start).Seconds())
		}
	}
	return nil
}

// streams compares verifying a file with hashing it, in process.
func (r *run) streams(name, file string) error {
	for range r.Rounds {
		for _, c := range []contestant{
			operation(name, 1, func() error { return r.subject.VerifyFile(file) }),
			operation(name+"-limit", 1, func() error { return hashFile(file) }),
		} {
			if err := r.ctx.Err(); err != nil {
				return err
			}
			runtime.GC()
			rate, err := c.turn(0)
			if err != nil {
				return &contestError{c.name, err}
			}
			r.results.record(c.name, rate)
		}
	}
	return nil
}

const originalHead = "From: Mario Rossi <mario.rossi@pec.alfa.example>\r\n" +
	"To: ufficio@pec.beta.example\r\n" +
	"Subject: Contratto n. 7\r\n" +
	"Date: Tue, 03 Mar 2026 10:15:00 +0100\r\n" +
	"Message-ID: <7f3c@pc-rossi.alfa.example>\r\n" +
	"MIME-Version: 1.0\r\n"

// smallOriginal is a short message of text.
func smallOriginal() []byte {
	return []byte(originalHead + "Content-Type: text/plain; charset=us-ascii\r\n\r\n" +
		strings.Repeat("Si trasmette in allegato il contratto in oggetto.\r\n", 20))
}

// writeOriginal writes a message with an attachment of about the given size.
func writeOriginal(w io.Writer, size int64, body func(io.Writer, int64) error) error {
	out := bufio.NewWriterSize(w, 1<<20)
	_, _ = out.WriteString(originalHead + "Content-Type: multipart/mixed; boundary=\"bench\"\r\n\r\n" +
		"--bench\r\nContent-Type: text/plain\r\n\r\nSi veda l'allegato.\r\n")
	if err := body(out, size); err != nil {
		return err
	}
	_, _ = out.WriteString("--bench--\r\n")
	return out.Flush()
}

const base64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// regularLines is an attachment in base64, 76 to the line.
func regularLines(w io.Writer, size int64) error {
	if _, err := io.WriteString(w, "--bench\r\nContent-Type: application/pdf; name=contratto.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"); err != nil {
		return err
	}
	return randomLines(w, size, func(*rand.Rand) int { return 76 })
}

// irregularLines is an attachment of text whose lines are 0 to 120 long.
func irregularLines(w io.Writer, size int64) error {
	if _, err := io.WriteString(w, "--bench\r\nContent-Type: text/plain; name=elenco.txt\r\n\r\n"); err != nil {
		return err
	}
	return randomLines(w, size, func(r *rand.Rand) int { return r.IntN(121) })
}

func randomLines(w io.Writer, size int64, length func(*rand.Rand) int) error {
	random := rand.New(rand.NewPCG(1, 2))
	text := make([]byte, 8192)
	for i := range text {
		text[i] = base64Alphabet[random.IntN(len(base64Alphabet))]
	}
	line := make([]byte, 0, 256)
	for size > 0 {
		n := length(random)
		at := random.IntN(len(text) - n)
		line = append(append(line[:0], text[at:at+n]...), '\r', '\n')
		if _, err := w.Write(line); err != nil {
			return err
		}
		size -= int64(len(line))
	}
	return nil
}

// dropCR copies a file with LF for CRLF.
func dropCR(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(out, 1<<20)
	scanner := bufio.NewScanner(in) // drops the CR, too
	for scanner.Scan() {
		_, _ = w.Write(scanner.Bytes())
		_ = w.WriteByte('\n')
	}
	return errors.Join(scanner.Err(), w.Flush(), out.Close())
}
