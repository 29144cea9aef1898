// Package tls opens terraform-provider-tls to the judge. Its schemas are internal to its own import
// path, which is why this module has a path below it.
package tls

import (
	"github.com/hashicorp/terraform-plugin-framework/provider"
	internal "github.com/hashicorp/terraform-provider-tls/internal/provider"
)

// New returns the provider.
func New() provider.Provider {
	return internal.New()
}
