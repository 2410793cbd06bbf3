package transfer_test

import (
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/transfer"
)

// The exports of known programs are mapped right, and the mapping is one that
// import takes.
func TestSuggest(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		header string
		want   []string // all columns with a member
	}{
		"Salesforce, by API names": {
			"Id,IsDeleted,Name,Type,ParentId,BillingStreet,BillingCity,BillingState,BillingPostalCode,BillingCountry,ShippingStreet,ShippingCity,Phone,Fax,Website,Industry,AnnualRevenue,NumberOfEmployees,Description,OwnerId,CreatedDate",
			[]string{"Name=title", "Description=description", "Phone=primaryPhone", "BillingStreet+BillingCity+BillingState+BillingPostalCode+BillingCountry=address"},
		},
		"Salesforce, a report": {
			"Account ID,Account Name,Account Owner,Billing Street,Billing City,Billing State/Province,Billing Zip/Postal Code,Billing Country,Phone,Type,Last Activity",
			[]string{"Account Name=title", "Phone=primaryPhone", "Billing Street+Billing City+Billing State/Province+Billing Zip/Postal Code+Billing Country=address"},
		},
		"HubSpot, companies": {
			"Record ID,Company name,Company owner,Create Date,Phone Number,Last Activity Date,City,Country/Region,Industry,Street Address,Street Address 2,State/Region,Postal Code,Description",
			[]string{"Company name=title", "Description=description", "Phone Number=primaryPhone", "Street Address+Street Address 2+City+State/Region+Postal Code+Country/Region=address"},
		},
		"HubSpot, contacts": {
			"Record ID,First Name,Last Name,Email,Phone Number,Contact owner,Lead Status,Street Address,City,Postal Code",
			[]string{"First Name+Last Name=title", "Email=primaryEmail", "Phone Number=primaryPhone", "Street Address+City+Postal Code=address"},
		},
		"EspoCRM, labels": {
			"Name,Website,Email,Phone,Type,Industry,Description,Billing Address Street,Billing Address City,Billing Address State,Billing Address Country,Billing Address Postal Code,Shipping Address Street",
			[]string{"Name=title", "Email=primaryEmail", "Phone=primaryPhone", "Description=description", "Billing Address Street+Billing Address City+Billing Address State+Billing Address Postal Code+Billing Address Country=address"},
		},
		"EspoCRM, names of fields": {
			"id,name,deleted,website,emailAddress,phoneNumber,type,billingAddressStreet,billingAddressCity,billingAddressState,billingAddressCountry,billingAddressPostalCode,description,createdAt",
			[]string{"name=title", "emailAddress=primaryEmail", "phoneNumber=primaryPhone", "description=description", "billingAddressStreet+billingAddressCity+billingAddressState+billingAddressPostalCode+billingAddressCountry=address"},
		},
		"Odoo": {
			"External ID,Name,Email,Phone,Mobile,Street,Street2,City,State/Display Name,Zip,Country/Display Name,Is a Company,Notes,Tax ID",
			[]string{"Name=title", "Email=primaryEmail", "Phone=primaryPhone", "Notes=description", "Street+Street2+City+State/Display Name+Zip+Country/Display Name=address"},
		},
		"Odoo, names of fields": {
			"id,name,email,phone,street,street2,city,state_id,zip,country_id,comment,is_company",
			[]string{"name=title", "email=primaryEmail", "phone=primaryPhone", "comment=description", "street+street2+city+state_id+zip+country_id=address"},
		},
		"Google Contacts": {
			"First Name,Middle Name,Last Name,Phonetic First Name,Nickname,File As,Organization Name,Organization Title,Birthday,Notes,Labels,E-mail 1 - Label,E-mail 1 - Value,E-mail 2 - Value,Phone 1 - Label,Phone 1 - Value,Address 1 - Label,Address 1 - Formatted,Address 1 - Street,Address 1 - City,Address 1 - PO Box,Address 1 - Region,Address 1 - Postal Code,Address 1 - Country,Address 1 - Extended Address,Website 1 - Value",
			[]string{"First Name+Middle Name+Last Name=title", "Notes=description", "E-mail 1 - Value=primaryEmail", "Phone 1 - Value=primaryPhone", "Address 1 - Street+Address 1 - Extended Address+Address 1 - PO Box+Address 1 - City+Address 1 - Region+Address 1 - Postal Code+Address 1 - Country=address"},
		},
		"a property and a sign": {
			"title,address,Roof type,# of roofs,Owner,Owner,\"Line\nbreak\"",
			[]string{"title=title", "address=address", "Roof type=custom.roof_type"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			properties := []schema.Property{{Name: "Roof type", Key: "roof_type", Type: schema.Text}}
			text := c.header + "\n" + strings.Repeat("17,", strings.Count(c.header, ",")) + "17\n"
			got, err := transfer.Suggest(strings.NewReader(text), transfer.Dialect{}, properties)
			if err != nil {
				t.Fatal(err)
			}
			mapping, mapped, columns := transfer.ParseMapping(got), []string{}, 0
			for _, line := range mapping {
				columns += 1 + strings.Count(line, "+")
				if !strings.HasSuffix(line, "=") {
					mapped = append(mapped, line)
				}
			}
			if columns != strings.Count(c.header, ",")+1 || strings.Count(got, `: "17"`) != columns {
				t.Errorf("%d columns: %s", columns, got)
			}
			for _, want := range c.want {
				if !strings.Contains("\n"+strings.Join(mapped, "\n")+"\n", "\n"+want+"\n") {
					t.Errorf("no %s in\n%s", want, got)
				}
			}
			if len(mapped) != len(c.want) {
				t.Errorf("got %q, want %q", mapped, c.want)
			}
			if strings.Contains(got, "custom.") {
				return
			}
			f := newFixture(t)
			if _, err := f.importFile(t.Context(), t, f.write(t, "a.csv", text), transfer.Options{Map: mapping}); err != nil {
				t.Errorf("import: %v", err)
			}
		})
	}
}
