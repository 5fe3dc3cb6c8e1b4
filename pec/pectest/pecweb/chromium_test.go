package pecweb_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/websocket"

	"github.com/certmail/certmail/internal/reftest"
)

// browser is a tab of a Chromium that is driven by its DevTools protocol, for
// keys that are really pressed. The site's event stream never ends, so that
// the simple ways of running Chromium do not either.
type browser struct {
	t       testing.TB
	conn    *websocket.Conn
	next    int
	session string
}

// startBrowser starts Chromium with an empty tab; the test ends both.
func startBrowser(t testing.TB) *browser {
	t.Helper()
	chromium := reftest.Tool(t, "chromium")
	profile, err := os.MkdirTemp("", "chromium")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	cmd := exec.CommandContext(ctx, chromium, append(reftest.ChromiumFlags(profile), "--hide-scrollbars",
		"--remote-debugging-port=0", "--remote-allow-origins=*", "about:blank")...)
	cmd.WaitDelay = 5 * time.Second
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
		_ = os.RemoveAll(profile) // its helpers may still write there
	})
	lines := bufio.NewScanner(stderr)
	at := ""
	for at == "" && lines.Scan() {
		if m := regexp.MustCompile(`DevTools listening on (ws://\S+)`).FindStringSubmatch(lines.Text()); m != nil {
			at = m[1]
		}
	}
	require.NotEmpty(t, at, "no DevTools")
	go func() {
		for lines.Scan() {
		}
	}()
	conn, err := websocket.Dial(at, "", "http://localhost/")
	require.NoError(t, err)
	b := &browser{t: t, conn: conn}
	var target struct{ TargetID string }
	b.call("", "Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var session struct{ SessionID string }
	b.call("", "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &session)
	b.session = session.SessionID
	b.do("Page.enable", nil, nil)
	return b
}

// call sends a command and waits for its answer, past all events.
func (b *browser) call(session, method string, params any, result any) {
	b.t.Helper()
	b.next++
	message := map[string]any{"id": b.next, "method": method}
	if params != nil {
		message["params"] = params
	}
	if session != "" {
		message["sessionId"] = session
	}
	require.NoError(b.t, b.conn.SetDeadline(time.Now().Add(30*time.Second)))
	require.NoError(b.t, websocket.JSON.Send(b.conn, message))
	for {
		var answer struct {
			ID     int
			Result json.RawMessage
			Error  *struct{ Message string }
		}
		require.NoError(b.t, websocket.JSON.Receive(b.conn, &answer), method)
		if answer.ID != b.next {
			continue
		}
		require.Nil(b.t, answer.Error, "%s: %+v", method, answer.Error)
		if result != nil {
			require.NoError(b.t, json.Unmarshal(answer.Result, result))
		}
		return
	}
}

func (b *browser) do(method string, params, result any) {
	b.t.Helper()
	b.call(b.session, method, params, result)
}

// eval runs a script in the page and returns what it gives.
func (b *browser) eval(script string, result any) {
	b.t.Helper()
	var answer struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	b.do("Runtime.evaluate", map[string]any{"expression": script, "returnByValue": true, "awaitPromise": true}, &answer)
	require.Nil(b.t, answer.ExceptionDetails, "%s: %+v", script, answer.ExceptionDetails)
	if result != nil {
		require.NoError(b.t, json.Unmarshal(answer.Result.Value, result))
	}
}

// size sets the width and height of the window, in CSS pixels.
func (b *browser) size(width, height int) {
	b.do("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false}, nil)
}

func (b *browser) scheme(name string) {
	b.do("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]any{{"name": "prefers-color-scheme", "value": name}}}, nil)
}

// open goes to a page and waits for it.
func (b *browser) open(url string) {
	b.t.Helper()
	b.do("Page.navigate", map[string]any{"url": url}, nil)
	b.wait(`document.readyState === "complete" && location.href !== "about:blank"`)
}

// wait waits until an expression is true.
func (b *browser) wait(condition string) {
	b.t.Helper()
	require.Eventually(b.t, func() bool {
		var ok bool
		b.eval("(() => { try { return !!("+condition+") } catch { return false } })()", &ok)
		return ok
	}, 20*time.Second, 50*time.Millisecond, condition)
}

// press presses a key: Tab, Enter or a letter.
func (b *browser) press(key string) {
	b.t.Helper()
	event := map[string]any{"type": "keyDown", "key": key, "code": key}
	switch key {
	case "Tab":
		event["windowsVirtualKeyCode"] = 9
	case "Enter":
		event["windowsVirtualKeyCode"], event["text"] = 13, "\r"
	default:
		event["text"] = key
	}
	b.do("Input.dispatchKeyEvent", event, nil)
	up := map[string]any{"type": "keyUp", "key": key, "code": key}
	b.do("Input.dispatchKeyEvent", up, nil)
}

// picture takes a picture of the whole page into the folder that
// CERTMAIL_PICTURES names, for people to look at.
func (b *browser) picture(name string) {
	b.t.Helper()
	dir := os.Getenv("CERTMAIL_PICTURES")
	if dir == "" {
		return
	}
	var shot struct{ Data string }
	b.do("Page.captureScreenshot", map[string]any{"captureBeyondViewport": true}, &shot)
	png, err := base64.StdEncoding.DecodeString(shot.Data)
	require.NoError(b.t, err)
	require.NoError(b.t, os.WriteFile(dir+"/"+strings.ReplaceAll(name, " ", "-")+".png", png, 0o600))
}
