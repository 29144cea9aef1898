// Package random opens terraform-provider-random to the judge. Its schemas are internal to its own
// import path, which is why this module has a path below it.
package random

import (
	"github.com/hashicorp/terraform-plugin-framework/provider"
	internal "github.com/terraform-providers/terraform-provider-random/internal/provider"
)

// New returns the provider.
func New() provider.Provider {
	return internal.New()
}
