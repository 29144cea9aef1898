package main

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	pf "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/tokens"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	tls "github.com/hashicorp/terraform-provider-tls/secretsmap"
	"github.com/terraform-providers/terraform-provider-random/secretsmap"
)

// framework is a Pulumi provider on a Terraform provider that is a Go module: no table describes
// what the judge knows of its types, it asks the provider itself.
type framework struct {
	version   string
	terraform func() provider.Provider
	prefix    string // of the names of its resources in Pulumi
	settings  func(*tfbridge.ProviderInfo)
}

// frameworks holds pulumi-random and pulumi-tls as far as Check, Diff and Create go (their
// provider/resources.go: tokens, and the settings of the bridge), by the package in a type's token.
var frameworks = map[string]framework{
	"random": {"4.21.4", random.New, "Random", func(info *tfbridge.ProviderInfo) {
		info.EnableAccurateBridgePreview = true
		info.EnableRawStateDelta = true
	}},
	"tls": {"5.6.2", tls.New, "", func(info *tfbridge.ProviderInfo) {
		info.EnableAccurateBridgePreview = true
		info.EnableZeroDefaultSchemaVersion = true
	}},
}

// packageOf returns the package in a type's token.
func packageOf(token string) string {
	name, _, _ := strings.Cut(token, ":")
	return name
}

func isFramework(token string) bool {
	_, found := frameworks[packageOf(token)]
	return found
}

func (f framework) server(
	ctx context.Context, name string,
) (pulumirpc.ResourceProviderServer, error) {
	info := tfbridge.ProviderInfo{
		P:            pf.ShimProvider(f.terraform()),
		Name:         name,
		Version:      f.version,
		MetadataInfo: tfbridge.NewProviderMetadata([]byte("{}")),
	}
	f.settings(&info)
	named := func(module, resource string) (string, error) {
		return tokens.MakeStandard(name)(module, f.prefix+resource)
	}
	if err := info.ComputeTokens(tokens.SingleModule(name+"_", "index", named)); err != nil {
		return nil, err
	}

	schema := pf.ProviderMetadata{PackageSchema: []byte("{}")}
	server, err := pf.NewProviderServer(ctx, nil, info, schema)
	if err != nil {
		return nil, err
	}

	_, err = server.Configure(ctx, &pulumirpc.ConfigureRequest{AcceptSecrets: true})
	return server, err
}
