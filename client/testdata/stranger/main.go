// Command stranger updates an account, as a program of somebody else would.
package main

import (
	"context"
	"os"

	"github.com/accountsd/accountsd/client"
)

func main() {
	c, err := client.New(os.Getenv("ACCOUNTS_URL"), client.WithAPIKey(os.Getenv("ACCOUNTS_KEY")))
	if err != nil {
		panic(err)
	}
	if _, err := c.Accounts.Update(context.Background(), 1, client.AccountPatch{Title: client.Set("Sunrise Solar")}); err != nil {
		panic(err)
	}
}
