// Package pecweb shows a network of pectest as a small web site: its clock and
// faults, each mailbox, each message's structure and what the verifier says of
// it, the journey of every message through the points of its providers as a
// picture, and the providers' logs. Buttons send test messages, make faults
// and let time pass.
//
//	n, _ := pectest.NewNetwork(nil)
//	s, _ := pecweb.Start(n, "127.0.0.1:0", nil)
//	defer s.Close()
//	fmt.Println(s.URL)
//
// The pages are made on the server and need no script; with one they keep
// themselves up to date. What mail says is shown as text and never as HTML.
// The site has no login, and shows the throw-away passwords of the network: it
// answers only to loopback names unless told otherwise.
package pecweb
