package parser_test

import (
	"fmt"

	"github.com/pgmend/pgmend/parser"
)

func ExampleTables() {
	for _, t := range parser.Tables(`WITH users AS (SELECT * FROM users) INSERT INTO shop.orders SELECT * FROM users`) {
		fmt.Println(t.Access, t.Schema, t.Name)
	}
	// Output:
	// read  users
	// write shop orders
}
