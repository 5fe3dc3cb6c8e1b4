package bench

// A goal is one row of the report: the ratio of two series of measurements, or
// one series alone.
type goal struct {
	number int
	what   string
	of, to string // names of series; no to means that of is the figure itself
	better string
	must   float64
	aim    float64
	unit   string
	input  string // "small", "medium", "rem" or "list": whose size completes the text
}

const (
	higher = "higher"
	lower  = "lower"

	times  = "×"
	share  = "share"
	mib    = "MiB"
	counts = "allocations"
)

// goals is the project's table of goals, part by part, and behind it what must be
// reached for REM and for trusted lists.
var goals = []goal{
	{1, "small, warm: parse, classify, certification data, signature and chain, against limit1 (SHA-256 + one RSA verify)", "rate/warm", "rate/limit1", higher, 0.75, 0.87, share, "small"},
	{2, "small, warm, against openssl-raw in process", "rate/warm", "rate/openssl-raw", higher, 5, 8, times, "small"},
	{2, "small, warm, against openssl-full in process", "rate/warm", "rate/openssl-full", higher, 8, 12, times, "small"},
	{3, "small, cold, against limit2 (SHA-256 + two RSA verifies)", "rate/cold", "rate/limit2", higher, 0.60, 0.80, share, "small"},
	{4, "small, warm, against naive-go", "rate/warm", "rate/naive-go", higher, 4, 6, times, "small"},
	{4, "small, cold, against naive-go", "rate/cold", "rate/naive-go", higher, 1.8, 2.6, times, "small"},
	{5, "medium, warm, against limit1", "medium/warm", "medium/limit1", higher, 0.78, 0.90, share, "medium"},
	{6, "large file, a process: wall time against openssl dgst -sha256", "wall/verify", "wall/dgst", lower, 1.20, 1.03, times, ""},
	{6, "large file, a process: times faster than openssl cms -verify", "wall/cms", "wall/verify", higher, 20, 32, times, ""},
	{7, "large file: peak RSS of verifying above the same program idle", "rss/verify", "", lower, 8, 2, mib, ""},
	{8, "large file with LF line ends, against the SHA-256 stream", "stream/lf", "stream/lf-limit", higher, 0.60, 0.85, share, ""},
	{8, "large file with irregular lines, against the SHA-256 stream", "stream/irregular", "stream/irregular-limit", higher, 0.60, 0.85, share, ""},
	{9, "small: parse only, against go-message + encoding/xml", "rate/parse", "rate/naive-parse", higher, 3, 6, times, "small"},
	{10, "small, warm: scaling to two goroutines on one verifier, as a share of limit1's own", "scale/warm", "scale/limit1", higher, 0.90, 0.97, share, "small"},
	{10, "small, warm: allocations a message", "allocations/warm", "", lower, 80, 30, counts, "small"},
	{11, "building a small transport envelope, against rsa.SignPKCS1v15 alone", "rate/build", "rate/sign", higher, 0.90, 0.96, share, ""},
	{11, "building a large transport envelope as a stream: peak RSS above the same program idle", "rss/build", "", lower, 8, 2, mib, ""},
	{12, "ledger: the time of an event, as a share of the time of verifying a receipt (goal 1)", "rate/warm", "rate/ledger", lower, 0.10, 0.03, share, ""},
	{13, "REM receipt, warm: mail, evidence, time-stamp and their chains, against SHA-256 + three RSA verifies", "rem/warm", "rem/limit", higher, 0.60, 0.70, share, "rem"},
	{14, "trusted list: parsed and verified, wall time against a process of xmlsec1 --verify", "list/ours", "list/xmlsec1", lower, 3, 1, times, "list"},
}
