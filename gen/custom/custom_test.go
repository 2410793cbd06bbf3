package custom_test

import (
	"encoding/json"
	"fmt"

	"github.com/accountsd/accountsd/gen/custom"
)

func ExampleValues() {
	var values custom.Values
	if err := json.Unmarshal([]byte(`{"capacity":12345678901234567890.10,"tags":["Gold"],"roof_type":null}`), &values); err != nil {
		panic(err)
	}
	fmt.Println(values["capacity"], values["tags"], values["roof_type"])

	text, err := json.Marshal(custom.Values{"capacity": json.Number("1.50"), "roof_type": nil})
	fmt.Println(string(text), err)
	// Output:
	// 12345678901234567890.10 [Gold] <nil>
	// {"capacity":1.50,"roof_type":null} <nil>
}
