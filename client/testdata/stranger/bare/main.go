// Command bare sends a request with net/http alone. It is what the client's
// weight is compared with.
package main

import (
	"encoding/json"
	"log"
	"net/http"
	"os"
)

func main() {
	resp, err := http.Get(os.Getenv("ACCOUNTS_URL"))
	if err != nil {
		log.Fatal(err)
	}
	var answer any
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		log.Fatal(err)
	}
	log.Print(answer)
}
