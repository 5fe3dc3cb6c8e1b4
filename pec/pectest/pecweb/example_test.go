package pecweb_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/pec/pectest/pecweb"
)

func ExampleStart() {
	n, err := pectest.NewNetwork(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := pecweb.Start(n, "127.0.0.1:0", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	resp, err := http.Get(s.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	fmt.Println(strings.Contains(string(page), "anna@alfa.example"), err)
	// Output: true <nil>
}

func ExampleHandler() {
	n, err := pectest.NewNetwork(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("pec.localhost/", pecweb.Handler(n, nil))
	// Output:
}
