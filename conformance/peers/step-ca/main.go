// A step-ca for tests, on the libraries that Debian has (package golang-github-smallstep-certificates-dev; the
// program itself is not packaged). Its only argument is the configuration file.
package main

import (
	"log"
	"os"

	"github.com/smallstep/certificates/authority/config"
	"github.com/smallstep/certificates/ca"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: step-ca CONFIGURATION")
	}
	configuration, err := config.LoadConfiguration(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	authority, err := ca.New(configuration)
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(authority.Run())
}
