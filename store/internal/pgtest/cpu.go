package pgtest

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// CPU is the processor time that the server's processes have used, those that
// ended included; 0 where the system does not tell (it is Linux that does).
func CPU() time.Duration {
	if server.cmd == nil || server.cmd.Process == nil {
		return 0
	}
	pid := strconv.Itoa(server.cmd.Process.Pid)
	ticks := 0
	all, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range all {
		data, err := os.ReadFile(file)
		if err != nil {
			continue // it has just ended
		}
		// pid (name) state ppid … utime stime cutime cstime: fields 14 to 17 of
		// proc(5), behind a name that may hold anything.
		fields := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:])
		if len(fields) < 15 {
			continue
		}
		used := fields[11:13]
		switch {
		case file == "/proc/"+pid+"/stat":
			used = fields[11:15]
		case string(fields[1]) != pid:
			continue
		}
		for _, f := range used {
			n, _ := strconv.Atoi(string(f))
			ticks += n
		}
	}
	return time.Duration(ticks) * time.Second / 100 // USER_HZ
}
