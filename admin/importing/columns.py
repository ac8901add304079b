"""What the columns of a table mean, by their names in three languages and by what stands in them."""

import re
from collections.abc import Mapping

from rulesets.document.tables import HeadedTable, folded, text_of

NAMES: Mapping[str, str] = {
    "lead.email": "email mail emailaddress workemail businessemail 邮箱 电子邮箱 电子邮件 邮件 工作邮箱 邮箱地址 "
    "公司邮箱 電郵 電子郵件 電子信箱 信箱 郵箱",
    "lead.phone": "phone mobile mobilephone mobilenumber phonenumber telephone tel cell 手机 手机号 手机号码 "
    "电话 联系电话 联系方式 電話 手機 手機號碼 行動電話 聯絡電話",
    "lead.wechat": "wechat wechatid weixin 微信 微信号 微信號",
    "lead.external_id": "externalid contactid recordid leadid crmid customerid 客户编号 客户号 线索编号 "
    "客戶編號 線索編號",
    "traits.name": "name fullname contactname contact 姓名 名字 联系人 联系人姓名 聯絡人 聯絡人姓名",
    "traits.first_name": "firstname givenname",
    "traits.last_name": "lastname surname familyname",
    "traits.job_title": "title jobtitle position 职位 职务 职称 職位 職務 職稱",
    "traits.city": "city 城市 所在城市",
    "traits.region": "region state province 省 省份 地区 区域 地區 區域",
    "traits.country": "country countryregion 国家 國家",
    "traits.source": "source leadsource originalsource 来源 线索来源 渠道 來源 線索來源 管道",
    "traits.language": "language preferredlanguage 语言 語言",
    "company.name": "company companyname organization organisation account accountname 公司 公司名称 "
    "单位 单位名称 企业名称 公司名稱 企業名稱 單位",
    "company.domain": "domain companydomain companydomainname website web url 网址 官网 公司网站 网站 網址 官網 網站",
    "company.industry": "industry 行业 所属行业 行業 產業",
    "company.employees": "employees numberofemployees companysize headcount 员工人数 员工数 公司人数 員工人數 公司人數",
    "company.annual_revenue": "annualrevenue revenue 年收入 年营收 年營收",
    "occurred_at": "occurredat createdat createdate createddate date timestamp submittedat submissiontime scannedat "
    "scantime dateadded 提交时间 创建时间 扫码时间 添加时间 时间 提交時間 建立時間 掃碼時間 時間",
}
"""Target → the names columns have for it, as `key_of` compares them."""
BY_NAME = {name: target for target, names in NAMES.items() for name in names.split()}
LOOKED_AT = 50
"""Rows whose cells are looked at."""
ENOUGH = 0.8
"""The share of filled cells that must look alike."""
CONTENT = {
    "lead.email": re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"),
    "lead.phone": re.compile(r"\+\d[\d ()-]{6,20}|1[3-9]\d[ -]?\d{4}[ -]?\d{4}"),
}


def key_of(name: str) -> str:
    """A name of a column as names are compared: no case, white space or punctuation."""
    return re.sub(r"[^\w]|_", "", folded(name))


def recognised(table: HeadedTable) -> dict[str, str]:
    """Name of a column → what it means, each meaning once; columns nobody recognises are left out."""
    found: dict[str, str] = {}
    for name in table.names:
        target = BY_NAME.get(key_of(name))
        if target is not None and target not in found.values():
            found[name] = target
    for target, shape in CONTENT.items():
        if target not in found.values():
            alike = [name for name in table.names if name not in found and _is_like(table, name, shape)]
            found |= {alike[0]: target} if alike else {}
    return found


def _is_like(table: HeadedTable, name: str, shape: re.Pattern[str]) -> bool:
    place = table.names.index(name)
    cells = [text_of(row.cells[place]).strip() for row in table.rows[:LOOKED_AT] if place < len(row.cells)]
    filled = [cell for cell in cells if cell]
    return bool(filled) and sum(shape.fullmatch(cell) is not None for cell in filled) >= ENOUGH * len(filled)
