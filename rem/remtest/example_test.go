package remtest_test

import (
	"fmt"

	"github.com/certmail/certmail/rem/remtest"
)

func ExampleParseFault() {
	f, err := remtest.ParseFault("refuse,reason=RB21,mailbox=bruno@beta.example,times=1")
	fmt.Println(f.Kind, f.Reason, f.Mailbox, f.Times, err)
	// Output: refuse RB21 bruno@beta.example 1 <nil>
}
