package maildir

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/certmail/certmail/transport"
)

// ListName is the file, beside cur and new, in which the messages of a folder
// are numbered.
//
// It is a journal: a header with a random number that stands for UIDVALIDITY,
// then lines that are only ever appended, each with a checksum. "+ name" brings
// a message, whose number is the place of the line in the file; "- number" says
// that it went, so that a file that comes back is a new message. Appending is
// the one step that several programs share, and needs no lock: the first line
// that brings a name counts. A line that was cut off by a crash is ignored.
// Numbers are given out after fsync. Who removes the file renumbers the folder.
const ListName = "certmail-uidlist"

const (
	listMagic = ListName + " 1 "
	maxLine   = 64 << 10
)

// message is one that the list has.
type message struct {
	uid    int64
	key    string // the name without its info; sub/name where two files share that
	info   string
	sub    string // new or cur; "" while it was not seen
	gen    uint32 // the scan that saw it last
	missed int    // scans since then
	gone   bool
}

func (m *message) file() string {
	_, twin, ok := strings.Cut(m.key, "/")
	if ok {
		return twin
	}
	return m.key + m.info
}

// place is where a message came, and a checksum of all names up to there: a
// list that was cut and went on otherwise has others.
type place struct {
	uid int64
	sum uint32
}

// list is what a folder's list says.
type list struct {
	validity string // 16 hexadecimal digits, "" before it is read
	end      int64  // what is behind was not read
	live     map[string]*message
	order    []*message // by uid, with some that are gone
	places   []place    // of all that ever came, by uid
	gone     int
	twins    bool // some key is that of a second file of one name
	fresh    bool // something came that no scan has seen
}

func (l *list) reset(validity string, end int64) {
	*l = list{validity: validity, end: end, live: map[string]*message{}, fresh: true}
}

func header(validity string) string { return sealed("", listMagic+validity) }

// sealed adds the checksum of a line.
func sealed(validity, line string) string {
	return fmt.Sprintf("%s %08x\n", line, checksum(validity, line))
}

func checksum[T string | []byte](validity string, line T) uint32 {
	return crc32.Update(crc32.ChecksumIEEE([]byte(validity)), crc32.IEEETable, []byte(line))
}

// unseal checks a line, without its end, and takes its checksum off.
func unseal(validity string, line []byte) ([]byte, bool) {
	at := len(line) - 9
	if at < 0 || line[at] != ' ' {
		return nil, false
	}
	var sum [4]byte
	if _, err := hex.Decode(sum[:], line[at+1:]); err != nil {
		return nil, false
	}
	want := checksum(validity, line[:at])
	return line[:at], sum == [4]byte{byte(want >> 24), byte(want >> 16), byte(want >> 8), byte(want)}
}

// readHeader returns the validity of a list, "" when it is none.
func readHeader(line []byte) string {
	text, ok := unseal("", line)
	validity, magic := strings.CutPrefix(string(text), listMagic)
	if _, err := hex.DecodeString(validity); !ok || !magic || err != nil || len(validity) != 16 {
		return ""
	}
	return validity
}

// plainName tells whether a name can stand in a line as it is.
func plainName(name string) bool {
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c >= 0x7f || c == '"' {
			return false
		}
	}
	return name != ""
}

func (l *list) adding(name string) string {
	if !plainName(name) {
		name = strconv.QuoteToASCII(name)
	}
	return sealed(l.validity, "+ "+name)
}

func (l *list) removing(uid int64) string { return sealed(l.validity, "- "+strconv.FormatInt(uid, 10)) }

// consume applies whole lines that stand at l.end, and returns how many bytes
// those were.
func (l *list) consume(data []byte) (n int) {
	for {
		i := bytes.IndexByte(data[n:], '\n')
		if i < 0 {
			break
		}
		l.apply(l.end, data[n:n+i])
		n += i + 1
		l.end += int64(i + 1)
	}
	if l.gone > 100 && l.gone > len(l.order)/2 {
		l.order = slices.DeleteFunc(l.order, func(m *message) bool { return m.gone })
		l.gone = 0
	}
	return n
}

func (l *list) apply(at int64, line []byte) {
	line, ok := unseal(l.validity, line)
	if !ok || len(line) < 3 || line[1] != ' ' {
		return
	}
	switch rest := string(line[2:]); line[0] {
	case '+':
		if rest[0] == '"' {
			var err error
			if rest, err = strconv.Unquote(rest); err != nil {
				return
			}
		}
		if l.live[rest] == nil {
			m := &message{uid: at, key: rest}
			last := uint32(0)
			if n := len(l.places); n > 0 {
				last = l.places[n-1].sum
			}
			l.places = append(l.places, place{at, crc32.Update(last, crc32.IEEETable, line)})
			l.live[rest], l.order, l.fresh = m, append(l.order, m), true
			l.twins = l.twins || strings.Contains(rest, "/")
		}
	case '-':
		uid, err := strconv.ParseInt(rest, 10, 64)
		if i, found := l.search(uid); err == nil && found && !l.order[i].gone {
			l.order[i].gone = true
			delete(l.live, l.order[i].key)
			l.gone++
		}
	}
}

// search finds a number, or where it would be.
func (l *list) search(uid int64) (int, bool) {
	return slices.BinarySearchFunc(l.order, uid, func(m *message, uid int64) int { return cmp.Compare(m.uid, uid) })
}

// id names a number: the list, the place in it, and what is before that.
func (l *list) id(uid int64) transport.ID {
	i, _ := slices.BinarySearchFunc(l.places, uid, func(p place, uid int64) int { return cmp.Compare(p.uid, uid) })
	return transport.ID(fmt.Sprintf("%s.%d.%08x", l.validity, uid, l.places[i].sum))
}

// number reads an ID of a message that is or was in the list.
func (l *list) number(id string) (int64, error) {
	if p := strings.Split(id, "."); len(p) == 3 && len(p[0]) == 16 {
		uid, err := strconv.ParseInt(p[1], 10, 64)
		i, found := slices.BinarySearchFunc(l.places, uid, func(p place, uid int64) int { return cmp.Compare(p.uid, uid) })
		if err == nil && found && i >= 0 && string(l.id(uid)) == id {
			return uid, nil
		}
	}
	return 0, fmt.Errorf("maildir: %.100q: %w", id, transport.ErrCursor)
}

// notWritable tells whether a list cannot be kept there at all.
func notWritable(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}

// reload reads what was appended to the list, by whomever. A list that is not
// there, or not ours any more, is begun anew.
func (f *folder) reload() error {
	if f.volatile != nil {
		return nil
	}
	file, err := f.fs.open(f.listPath, os.O_RDWR)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f.begin(false)
	case err != nil && notWritable(err):
		return f.beginVolatile(err)
	case err != nil:
		return fmt.Errorf("maildir: %w", err)
	}
	defer file.Close()
	head := make([]byte, len(header("0123456789abcdef")))
	n, err := file.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return fmt.Errorf("maildir: %w", err)
	}
	validity := readHeader(bytes.TrimSuffix(head[:n], []byte{'\n'}))
	st, err := file.Stat()
	if err != nil {
		return fmt.Errorf("maildir: %w", err)
	}
	if validity != f.list.validity {
		f.list.reset(validity, int64(n))
	}
	if validity == "" || st.Size() < f.list.end {
		return f.begin(true) // damaged or cut: what was numbered there is not known
	}
	return f.readOn(file)
}

func (f *folder) readOn(file file) error {
	buf := make([]byte, min(maxLine, int(f.listSize(file)-f.list.end)+1))
	have, read := 0, false
	for at := f.list.end; ; {
		n, err := file.ReadAt(buf[have:], at)
		at += int64(n)
		have += n
		if n > 0 {
			used := f.list.consume(buf[:have])
			read = read || used > 0
			if used == 0 && have == maxLine {
				f.list.end += int64(have) // no line of ours is so long
				used = have
			}
			have = copy(buf, buf[used:have])
		}
		if err == io.EOF || n == 0 {
			break
		}
		if err != nil {
			return fmt.Errorf("maildir: %w", err)
		}
	}
	if !read {
		return nil
	}
	if len(f.list.live) > f.opt.MaxMessages {
		return fmt.Errorf("maildir: %s: %w: more than %d", f.path, ErrTooMany, f.opt.MaxMessages)
	}
	// Whoever wrote it may not have made it durable yet.
	if err := file.Sync(); err != nil {
		return fmt.Errorf("maildir: %w", err)
	}
	return nil
}

func (f *folder) listSize(file file) int64 {
	if st, err := file.Stat(); err == nil {
		return min(st.Size(), f.list.end+maxLine)
	}
	return f.list.end + maxLine
}

// begin makes a new list, under another validity. Unless it takes the place of
// a damaged one, it does not replace what another program began just now.
func (f *folder) begin(replace bool) error {
	validity, err := f.random()
	if err != nil {
		return err
	}
	temporary := f.temporary(validity)
	file, err := f.fs.open(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	if err != nil {
		if notWritable(err) {
			return f.beginVolatile(err)
		}
		return fmt.Errorf("maildir: %w", err)
	}
	_, err = io.WriteString(file, header(validity))
	err = errors.Join(err, file.Sync(), file.Close())
	switch {
	case err != nil:
	case replace:
		err = f.fs.rename(temporary, f.listPath)
	default:
		err = f.fs.link(temporary, f.listPath)
		if errors.Is(err, fs.ErrExist) {
			_ = f.fs.remove(temporary)
			return f.reload()
		}
		if err == nil {
			err = f.fs.remove(temporary)
		} else {
			err = f.fs.rename(temporary, f.listPath) // a file system without links
		}
	}
	if err == nil {
		err = f.fs.syncDir(f.listDir)
	}
	if err != nil {
		_ = f.fs.remove(temporary)
		if notWritable(err) {
			return f.beginVolatile(err)
		}
		return fmt.Errorf("maildir: %w", err)
	}
	f.list.reset(validity, int64(len(header(validity))))
	return nil
}

// beginVolatile numbers in memory.
func (f *folder) beginVolatile(why error) error {
	validity, err := f.random()
	if err != nil {
		return err
	}
	f.volatile = why
	f.list.reset(validity, 1)
	return nil
}

// commit appends lines, and applies the list as it then is.
func (f *folder) commit(lines []string) error {
	if f.volatile != nil {
		f.list.consume([]byte(strings.Join(lines, "")))
		return nil
	}
	file, err := f.fs.open(f.listPath, os.O_WRONLY|os.O_APPEND)
	if errors.Is(err, fs.ErrNotExist) {
		return f.reload() // removed just now: begun anew
	}
	if err != nil {
		return fmt.Errorf("maildir: %w", err)
	}
	// Each write begins on a new line, whatever was cut off before it.
	batch := make([]byte, 0, maxLine)
	for len(lines) > 0 && err == nil {
		batch = append(batch[:0], '\n')
		for len(lines) > 0 && len(batch)+len(lines[0]) < maxLine {
			batch = append(batch, lines[0]...)
			lines = lines[1:]
		}
		_, err = file.Write(batch)
	}
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("maildir: %s: %w", ListName, err)
	}
	return f.reload()
}
